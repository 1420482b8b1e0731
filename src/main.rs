//! The one binary. Commands are in `cli`, the server in `serve`.

fn main() -> std::process::ExitCode {
    give_back_large_memory();
    ruh::cli::main()
}

/// What is larger than this goes back to the system as soon as it is dropped.
#[cfg(target_env = "gnu")]
const LARGE_BYTES: libc::c_int = 2 * 1024 * 1024;

/// Hashing a password takes 19 MiB. Left to itself the C library keeps such a piece for the next one, on each thread that
/// ever needed one.
#[cfg(target_env = "gnu")]
fn give_back_large_memory() {
    // SAFETY: it takes two numbers, and no other thread runs yet. Refused, all stays as it was.
    unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE_BYTES) };
}

#[cfg(not(target_env = "gnu"))]
fn give_back_large_memory() {}
