//! Puts styles and the browser's build (written by `cargo xtask` into the site folder) into the binary: one table of
//! files, each as it is and compressed with brotli, with the hash of its content in the URL.
//!
//! The site folder is `VESTIBULE_SITE`, or `target/site` of the workspace.

use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=VESTIBULE_SITE");
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("..");
    let site = std::env::var_os("VESTIBULE_SITE").map_or_else(|| root.join("target/site"), PathBuf::from);
    let out = PathBuf::from(variable("OUT_DIR")?);

    let styles = root.join("style");
    println!("cargo:rerun-if-changed={}", styles.display());
    let mut table = String::from("&[\n");
    for path in files(&styles)? {
        if path.extension().is_some_and(|extension| extension == "css") {
            let bytes = fs::read(styles.join(&path))?;
            let hash = hash([bytes.as_slice()]);
            entry(&mut table, &out, &path, &hash, &bytes)?;
        }
    }

    // Cargo watches only what exists: without the folder, a browser build made later would go unnoticed.
    let pkg = site.join("pkg");
    let watched = fs::create_dir_all(&pkg).is_ok();
    if watched {
        println!("cargo:rerun-if-changed={}", pkg.display());
    }
    let built = if watched { files(&pkg)? } else { Vec::new() };
    let has = |name: &str| built.iter().any(|path| path == Path::new(name));
    if has("vestibule.js") && has("vestibule_bg.wasm") {
        let built: Vec<_> = built
            .into_iter()
            .filter(|path| path.extension().is_some_and(|extension| extension == "js" || extension == "wasm"))
            .map(|path| fs::read(pkg.join(&path)).map(|bytes| (path, bytes)))
            .collect::<io::Result<_>>()?;
        // One hash for all of them: they import one another by relative paths.
        let hash = hash(built.iter().map(|(_, bytes)| bytes.as_slice()));
        for (path, bytes) in &built {
            entry(&mut table, &out, &Path::new("pkg").join(path), &hash, bytes)?;
        }
    } else {
        println!(
            "cargo:warning=no browser build in {}: the console will work without its script. `cargo xtask run` makes both.",
            pkg.display()
        );
    }
    table.push_str("]\n");
    fs::write(out.join("assets.in"), table)
}

fn variable(name: &str) -> io::Result<std::ffi::OsString> {
    std::env::var_os(name).ok_or_else(|| io::Error::other(format!("cargo sets {name}")))
}

/// Files of a folder and its folders, relative to it, sorted, so that equal contents make equal binaries.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(inner) = folders.pop() {
        for item in fs::read_dir(folder.join(&inner))? {
            let item = item?;
            let path = inner.join(item.file_name());
            if item.file_type()?.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

/// 80 bits are plenty to tell one's own builds apart.
fn hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(10).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn entry(table: &mut String, out: &Path, path: &Path, hash: &str, bytes: &[u8]) -> io::Result<()> {
    let name = path.to_string_lossy().replace('\\', "/");
    let file = name.replace('/', "-");
    let plain = out.join(format!("{hash}-{file}"));
    let small = out.join(format!("{hash}-{file}.br"));
    fs::write(&plain, bytes)?;
    // The name holds the hash, so what is there is right; compressing the WASM takes seconds.
    if !small.exists() {
        let mut compressed = Vec::new();
        let settings = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
        brotli::BrotliCompress(&mut &bytes[..], &mut compressed, &settings)?;
        let unfinished = small.with_extension("part");
        fs::write(&unfinished, compressed)?;
        fs::rename(unfinished, &small)?;
    }
    let _ = writeln!(
        table,
        "Asset {{ name: {name:?}, url: \"/assets/{hash}/{name}\", hash: {hash:?}, kind: {:?}, plain: include_bytes!({plain:?}), brotli: include_bytes!({small:?}) }},",
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("css") => "text/css; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("wasm") => "application/wasm",
            _ => "application/octet-stream",
        },
    );
    Ok(())
}
