//! The one binary. Commands are in `cli`, the server in `serve`.

fn main() -> std::process::ExitCode {
    ruh::cli::main()
}
