//! `vestibule config export`: what applies, for stock Kratos, and what that one does differently with it.

use super::Global;
use super::assemble;
use super::failure::Outcome;
use super::output;
use engine::config::{Format, Remark, export};

#[derive(clap::Args)]
#[command(
    after_help = "The settings of the console and the environment are in it; keys of Vestibule alone are left out.

Examples:
  vestibule config export --config vestibule.yml > kratos.yml
  vestibule config export --config vestibule.yml --with-secrets --format json > kratos.json"
)]
pub(super) struct Export {
    /// Secrets in clear; without it they are left out.
    #[arg(long)]
    with_secrets: bool,
    #[arg(long, value_enum, default_value = "yaml")]
    format: Written,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Written {
    Yaml,
    Json,
}

impl Export {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let exported = export(&assemble::applying(global).await?, self.with_secrets);
        let format = match self.format {
            Written::Yaml => Format::Yaml,
            Written::Json => Format::Json,
        };
        output::show(exported.text(format))?;
        for Remark { path, text } in &exported.remarks {
            output::aside(format!("{path}: {text}."));
        }
        Ok(())
    }
}
