//! Python with the clients that most people use, in a virtual environment of the tests.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::process::run;
use super::server::TestServer;

/// What is installed; a change of it makes a new environment.
const PACKAGES: &[&str] = &[
    "psycopg[binary]==3.3.9",
    "pyarrow==26.0.1",
    "moto[server]==5.2.5",
    "datafusion==50.1.0",
];

/// The environment's folder of programs. Made once; tests in parallel and other test
/// binaries wait for it.
pub fn bin() -> PathBuf {
    let base = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let venv = base.join("e2e-venv");
    let lock = std::fs::File::create(base.join("e2e-venv.lock")).expect("a lock file");
    lock.lock().expect("a lock");
    let stamp = venv.join("installed");
    let wanted = PACKAGES.join("\n");
    if std::fs::read_to_string(&stamp).ok().as_deref() != Some(&wanted) {
        run(Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&venv))
        .ok();
        let mut install = Command::new(venv.join("bin/pip"));
        install.args(["install", "--quiet", "--disable-pip-version-check"]);
        run(install.args(PACKAGES)).ok();
        std::fs::write(&stamp, wanted).expect("the environment can be written");
    }
    venv.join("bin")
}

/// Runs a script of this folder against a server; gives what it printed.
pub fn script(server: &TestServer, path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests")
        .join(path);
    let mut command = Command::new(bin().join("python"));
    command
        .arg("-B")
        .arg(path)
        .env("PG_HOST", server.pg_addr().ip().to_string())
        .env("PG_PORT", server.pg_addr().port().to_string())
        .env("FLIGHT_URL", format!("grpc://{}", server.flight_addr()));
    run(&mut command).ok()
}
