//! The migrations are compiled in: a change to one of their files is a change to this crate.

fn main() {
    println!("cargo::rerun-if-changed=../migrations");
}
