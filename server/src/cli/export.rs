//! `vestibule config export`: prints the active configuration for stock Kratos, and what Kratos does differently.

use super::Global;
use super::assemble;
use super::failure::Outcome;
use super::output;
use engine::config::{Format, Remark, export};

#[derive(clap::Args)]
#[command(
    after_help = "Includes settings from the console and the environment. Leaves out keys that only Vestibule has.

Examples:
  vestibule config export --config vestibule.yml > kratos.yml
  vestibule config export --config vestibule.yml --with-secrets --format json > kratos.json"
)]
pub(super) struct Export {
    /// Include secrets in plain text (default: left out)
    #[arg(long)]
    with_secrets: bool,
    /// Output format
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
