//! Secrets without a configured value: generated once, and stored in the data folder for the owner of the process only.

use super::sources::Problem;
use crate::effects::{Random, SystemRandom};
use crate::secret::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::Path;

/// The first of each signs or encrypts, all of them verify or decrypt. None is empty. Unset, `cookie` and `cipher` are
/// `default`, so a cipher secret may have another length than 32: derive keys from it.
#[derive(Clone, Debug)]
pub struct Secrets {
    pub default: Vec<Secret>,
    pub cookie: Vec<Secret>,
    pub cipher: Vec<Secret>,
}

const NAME: &str = "secrets.json";

#[derive(Serialize, Deserialize)]
struct Stored {
    default: String,
    cookie: String,
    cipher: String,
}

/// As configured, filled up: `cookie` and `cipher` fall back to a configured `default` (as in Kratos), everything else to
/// `<data>/secrets.json`, which is made when it is missing. Without a data folder they live as long as the process.
pub(super) fn complete(
    data: &Path,
    default: Vec<String>,
    cookie: Vec<String>,
    cipher: Vec<String>,
) -> Result<Secrets, Problem> {
    let or = |given: Vec<Secret>, fallback: Vec<Secret>| if given.is_empty() { fallback } else { given };
    let [default, cookie, cipher] =
        [default, cookie, cipher].map(|given| given.into_iter().map(Secret::from).collect::<Vec<_>>());
    if !default.is_empty() {
        return Ok(Secrets {
            cookie: or(cookie, default.clone()),
            cipher: or(cipher, default.clone()),
            default,
        });
    }
    let stored = stored(data)?;
    Ok(Secrets {
        default: vec![stored.default.into()],
        cookie: or(cookie, vec![stored.cookie.into()]),
        cipher: or(cipher, vec![stored.cipher.into()]),
    })
}

/// Whether there are generated ones, or something stands in their place.
pub(super) fn are_kept(data: &Path) -> bool {
    !data.as_os_str().is_empty() && data.join(NAME).try_exists().unwrap_or(true)
}

fn stored(data: &Path) -> Result<Stored, Problem> {
    if data.as_os_str().is_empty() {
        return Ok(generate());
    }
    let path = data.join(NAME);
    let problem = |what: String, instead: &str| Problem {
        file: path.display().to_string(),
        path: "secrets".into(),
        what,
        instead: instead.to_owned(),
    };
    if !are_kept(data) {
        create(data, &path).map_err(|error| {
            problem(
                format!("generated secrets can't be stored: {error}"),
                "a writable data folder, or `secrets.default`",
            )
        })?;
    }
    let text = std::fs::read_to_string(&path).map_err(|error| {
        problem(format!("the file can't be read: {error}"), "a file that this process can read")
    })?;
    // Never replaced by new ones: that would sign everybody out and make stored data unreadable.
    let stored: Option<Stored> = serde_json::from_str(&text).ok();
    stored
        .filter(|stored| {
            [&stored.default, &stored.cookie, &stored.cipher].iter().all(|secret| secret.len() >= 32)
        })
        .ok_or_else(|| {
            problem(
                "the file is damaged".into(),
                "the file from a backup, or delete it to generate new secrets",
            )
        })
}

fn generate() -> Stored {
    fn secret<const N: usize>() -> String {
        let mut bytes = [0; N];
        SystemRandom.fill(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }
    // Kratos wants exactly 32 characters for the cipher: 24 bytes, 192 bits.
    Stored { default: secret::<32>(), cookie: secret::<32>(), cipher: secret::<24>() }
}

/// Written next to it and then linked: no process reads a partial file, and of two that start at the same time one wins.
fn create(data: &Path, path: &Path) -> std::io::Result<()> {
    let mut folder = std::fs::DirBuilder::new();
    folder.recursive(true);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        folder.mode(0o700);
        options.mode(0o600);
    }
    folder.create(data)?;
    let mut name = [0; 8];
    SystemRandom.fill(&mut name);
    let beside = data.join(format!(".{NAME}.{}", URL_SAFE_NO_PAD.encode(name)));
    let mut file = options.open(&beside)?;
    let written = file
        .write_all(serde_json::to_string_pretty(&generate())?.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| match std::fs::hard_link(&beside, path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        });
    std::fs::remove_file(&beside)?;
    written
}
