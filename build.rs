//! The built web assets are embedded; a checkout in which they are not built yet still compiles.
fn main() -> std::io::Result<()> {
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=src/words");
    println!("cargo:rerun-if-changed=web/dist");
    std::fs::create_dir_all("web/dist")
}
