//! Why a command fails: the exit code and the error message.

use super::output::aside;
use engine::config::load::Problems;
use engine::settings::Severity;
use std::process::ExitCode;

pub(super) type Outcome<T = ()> = Result<T, Failure>;

pub(super) enum Failure {
    /// 1
    Failed(String),
    /// 2, for an Ory Kratos command that Vestibule doesn't have
    Elsewhere(String),
    /// 3
    Configuration(Problems),
    /// 4
    Database(String),
    /// 3, if the problems were already printed
    Refused,
    /// 6, if the keys were already printed
    NotToTheLetter,
    /// By the most severe issue that was printed: 5 danger, 7 error, 8 warning, 9 info
    Found(Severity),
}

impl Failure {
    pub(super) fn failed(sentence: impl Into<String>) -> Self {
        Self::Failed(sentence.into())
    }

    /// The engine's message with its causes, which the user of a command may see.
    pub(super) fn database(error: &engine::Error) -> Self {
        Self::Database(with_causes(error))
    }

    pub(super) fn report(self) -> ExitCode {
        match self {
            Self::Failed(sentence) => {
                aside(format!("error: {sentence}"));
                ExitCode::from(1)
            }
            Self::Elsewhere(sentence) => {
                aside(format!("error: {sentence}"));
                ExitCode::from(2)
            }
            Self::Configuration(Problems(problems)) => {
                let count = problems.len();
                aside(match count {
                    1 => "error: 1 problem in the configuration".to_owned(),
                    count => format!("error: {count} problems in the configuration"),
                });
                for problem in problems {
                    aside(format!("  {problem}"));
                }
                ExitCode::from(3)
            }
            Self::Database(sentence) => {
                aside(format!("error: {sentence}"));
                ExitCode::from(4)
            }
            Self::Refused => ExitCode::from(3),
            Self::NotToTheLetter => ExitCode::from(6),
            Self::Found(severity) => ExitCode::from(match severity {
                Severity::Danger => 5,
                Severity::Error => 7,
                Severity::Warning => 8,
                Severity::Info => 9,
            }),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<engine::Error> for Failure {
    fn from(error: engine::Error) -> Self {
        Self::Failed(with_causes(&error))
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::Configuration(problems)
    }
}

fn with_causes(error: &engine::Error) -> String {
    let mut sentence = error.to_string();
    let mut cause = error.cause().map(|cause| cause as &dyn std::error::Error);
    while let Some(error) = cause {
        let text = error.to_string();
        if !sentence.contains(&text) {
            sentence = format!("{sentence} ({text})");
        }
        cause = error.source();
    }
    sentence
}
