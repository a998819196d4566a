//! `goldsmith connectors`

use clap::Args;
use goldsmith_source::Connector;

use super::{Failure, print, print_json};
use crate::pipeline::exit;
use crate::reference;
use crate::registry::{CONNECTORS, find};

/// List the systems that can be read, with an example each.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  goldsmith connectors\n  goldsmith connectors csv")]
pub(super) struct Arguments {
    /// Show this one with all its options.
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Print them as JSON on standard output, with the JSON Schema of their options.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    let shown: Vec<&dyn Connector> = match &arguments.name {
        None => CONNECTORS.to_vec(),
        Some(name) => {
            let names: Vec<&str> = CONNECTORS.iter().map(|connector| connector.name()).collect();
            let hint = goldsmith_source::request::suggestion(name, &names);
            vec![find(name).ok_or_else(|| Failure::config(format!("error: no connector `{name}`{hint}")))?]
        }
    };
    if arguments.json {
        let list: Vec<_> = shown
            .iter()
            .map(|connector| {
                serde_json::json!({
                    "name": connector.name(),
                    "about": connector.about(),
                    "proven_by": connector.proven_by(),
                    "file_endings": connector.file_endings(),
                    "example": connector.example(),
                    "options": connector.options_schema(),
                })
            })
            .collect();
        print_json(&list)?;
    } else if let (Some(_), [connector]) = (&arguments.name, shown.as_slice()) {
        print(&reference::connector(*connector))?;
    } else {
        print(&list(&shown))?;
    }
    Ok(exit::OK)
}

fn list(connectors: &[&dyn Connector]) -> String {
    let mut text = String::new();
    for connector in connectors {
        text += &format!("{}: {}\n", connector.name(), connector.about());
        text += &format!("  {}\n", reference::proof(*connector));
        for line in connector.example().trim().lines() {
            text += &format!("    {line}\n");
        }
        text.push('\n');
    }
    text + "goldsmith connectors NAME lists the options of one; goldsmith preview shows what a source gives.\n"
}
