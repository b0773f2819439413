//! Pages as a browser gets them: bytes over the wire, and Lighthouse's four scores. `end2end/bench/pages.mjs` measures.

use super::server::Site;
use super::table::{Goal, Table};
use crate::workspace::Workspace;
use crate::{Outcome, needs};
use serde_json::{Value, json};
use std::process::{Command, Stdio};

const EMAIL: &str = "olga@example.org";
const PASSWORD: &str = "velvet lantern harbour 41";

/// Kratos' figures are those of the official Node UI: 534 kB a page; 81, 82, 100, 82 on mobile.
pub(super) fn run(workspace: &Workspace, site: &Site, table: &mut Table) -> Outcome {
    needs::node_packages(workspace)?;
    let browser = needs::browser(workspace)?;
    site.operator(EMAIL, PASSWORD)?;
    site.configure(0, true)?;
    let server = site.start()?;
    let task = json!({
        "public": format!("http://{}", site.public),
        "console": format!("http://{}", site.console),
        "email": EMAIL,
        "password": PASSWORD,
        "reports": workspace.target.join("lighthouse"),
    });
    let mut command = Command::new("node");
    command
        .current_dir(workspace.root.join("end2end"))
        .args(["bench/pages.mjs", &task.to_string()])
        .envs(browser.map(|browser| (needs::BROWSER, browser)))
        .stdout(Stdio::piped());
    let output = command.spawn().and_then(|child| child.wait_with_output());
    let output = output.map_err(|error| format!("`node bench/pages.mjs` could not be started: {error}"))?;
    server.stop()?;
    if !output.status.success() {
        return Err("`node bench/pages.mjs` failed, see above".into());
    }
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let measured: Value =
            serde_json::from_str(line).map_err(|error| format!("pages.mjs said {line:?}: {error}"))?;
        let page = measured["page"].as_str().unwrap_or_default();
        if let Some(bytes) = measured["bytes"].as_f64() {
            let goal =
                if measured["script"].as_bool() == Some(true) { Goal::AtMost(90.0) } else { Goal::None };
            table.row(page, bytes / 1e3, "kB", goal, measured["kratos"].as_str().unwrap_or_default(), None);
        }
        for (name, score) in measured["scores"].as_object().into_iter().flatten() {
            // Lighthouse leaves a score out that it could not work out: no pass.
            let score = score.as_f64().unwrap_or(0.0) * 100.0;
            table.row(format!("{page}, {name}"), score, "", Goal::AtLeast(100.0), "", None);
        }
    }
    Ok(())
}
