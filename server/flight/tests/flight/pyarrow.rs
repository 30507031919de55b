//! The client that most people use: pyarrow, in a process of its own.

use super::{Running, start};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Python with pyarrow, installed once below the target directory.
fn python() -> PathBuf {
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pyarrow-venv");
    let python = venv.join("bin/python");
    let ready = || {
        let import = Command::new(&python)
            .args(["-c", "import pyarrow.flight"])
            .output();
        import.is_ok_and(|output| output.status.success())
    };
    if !ready() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv));
        run(Command::new(venv.join("bin/pip")).args(["install", "-q", "pyarrow==26.0.1"]));
    }
    python
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("python3 is installed");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {text}");
    String::from_utf8(output.stdout).unwrap()
}

async fn script(server: &Running, body: &str) -> String {
    let url = server.url.replace("http://", "grpc://");
    let text = format!(
        "import pyarrow as pa, pyarrow.flight as fl, json\nc = fl.connect('{url}')\n{body}"
    );
    // the server runs on this runtime: its threads must not wait for the client
    let run = move || run(Command::new(python()).arg("-c").arg(text));
    summit_context::spawn_blocking("pyarrow", run)
        .await
        .unwrap()
}

#[tokio::test]
async fn pyarrow_gets_puts_lists_and_logs_in() {
    let server = start().await;
    let printed = script(
        &server,
        r#"
token = c.authenticate_basic_token('anna', 'secret')
o = fl.FlightCallOptions(headers=[token])
t = c.do_get(fl.Ticket(b'events'), o).read_all()
print(t.num_rows, t.schema.field('name').type)
print(c.do_get(fl.Ticket(b'large'), o).read_all().num_rows)
print([f.descriptor.path for f in c.list_flights(options=o)])
info = c.get_flight_info(fl.FlightDescriptor.for_path('public', 'events'), o)
print(c.do_get(info.endpoints[0].ticket, o).read_all().num_rows)
print(c.get_schema(fl.FlightDescriptor.for_command(b'insert'), o).schema.names)

# a stream that waits for each acknowledgement
w, r = c.do_put(fl.FlightDescriptor.for_path('events'), t.schema, o)
for batch in t.to_batches():
    w.write_batch(batch)
    print(json.loads(r.read().to_pybytes()))
w.close()

# one that does not
big = pa.table({'id': pa.array(range(300_000)), 'name': ['x' * 60] * 300_000})
w, r = c.do_put(fl.FlightDescriptor.for_path('public', 'events'), big.schema, o)
w.write_table(big)
w.done_writing()
rows = 0
while (m := r.read()) is not None:
    rows += json.loads(m.to_pybytes())['rows']
w.close()
print(rows)

def error(f):
    try:
        f()
    except Exception as e:
        print(type(e).__name__, str(e).splitlines()[0])

error(lambda: c.do_get(fl.Ticket(b'missing'), o).read_all())
error(lambda: c.do_get(fl.Ticket(b'late error'), o).read_all())
def bad():
    s = pa.schema([('nope', pa.int64())])
    w, r = c.do_put(fl.FlightDescriptor.for_path('events'), s, o)
    w.write_batch(pa.record_batch([[1]], schema=s))
    w.close()
error(bad)

s = c.do_get(fl.Ticket(b'subscribe'), o)
print(s.read_chunk().data.num_rows)
s.cancel()
"#,
    )
    .await;
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(
        lines[..9],
        [
            "5 string",
            "10000",
            "[[b'public', b'events']]",
            "5",
            "['tag']",
            "{'rows': 3}",
            "{'rows': 2}",
            "300000",
            "ArrowKeyError Flight returned not found error, with message: \
             relation \"missing\" does not exist (SQLSTATE 42P01)"
        ],
        "{printed}"
    );
    server.fake.cancelled.notified().await;
    assert!(lines[9].starts_with("ArrowInvalid") && lines[9].contains("SQLSTATE 22012"));
    assert!(lines[10].contains("column \"nope\" of relation \"events\" does not exist"));
    assert_eq!(lines[11..], ["1000"]);
    assert!(server.fake.users.lock().iter().all(|user| user == "anna"));
}
