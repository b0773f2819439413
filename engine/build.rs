//! A new migration file has to reach the binary: cargo does not see what `sqlx::migrate!` reads.

fn main() {
    println!("cargo:rerun-if-changed=../migrations");
}
