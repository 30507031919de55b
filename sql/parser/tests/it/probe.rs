fn depth_ok(which: &str, kb: usize) -> bool {
    let out = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "probe::child", "--nocapture"])
        .env("W", which)
        .env("KB", kb.to_string())
        .output()
        .unwrap();
    out.status.success()
}
#[test]
fn child() {
    let Ok(w) = std::env::var("W") else { return };
    let kb: usize = std::env::var("KB").unwrap().parse().unwrap();
    let parts: Vec<&str> = w.split('/').collect();
    let n: usize = parts[1].parse().unwrap();
    let sql = match parts[0] {
        "plus" => format!("SELECT 1{}", " + 1".repeat(n)),
        "or" => format!("SELECT a{}", " OR a".repeat(n)),
        "union" => format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(n)),
        "cast" => format!("SELECT 1{}", "::int".repeat(n)),
        "paren" => format!("SELECT {}1{}", "(".repeat(n), ")".repeat(n)),
        "sub" => format!("SELECT {}1{}", "(SELECT ".repeat(n), ")".repeat(n)),
        _ => format!(
            "SELECT * FROM {}t{}",
            "(SELECT * FROM ".repeat(n),
            ") x".repeat(n)
        ),
    };
    let op = parts[2].to_string();
    let q = std::thread::Builder::new()
        .stack_size(256 << 20)
        .spawn(move || summit_parser::parse_query(&sql).unwrap())
        .unwrap()
        .join()
        .unwrap();
    let q = std::thread::Builder::new()
        .stack_size(kb << 10)
        .spawn(move || {
            match op.as_str() {
                "clone" => {
                    std::mem::forget(q.clone());
                }
                "eq" => assert!(q == q),
                "display" => {
                    let _ = q.to_string();
                }
                "relations" => {
                    let _ = summit_parser::relations(&q);
                }
                _ => {
                    drop(q);
                    return None;
                }
            }
            Some(q)
        })
        .unwrap()
        .join()
        .unwrap();
    std::mem::forget(q);
}
#[test]
fn probe() {
    for shape in [
        "plus/120",
        "union/120",
        "cast/120",
        "paren/60",
        "sub/60",
        "from/60",
    ] {
        for op in ["clone", "eq", "display", "relations", "drop"] {
            let mut kb = 32;
            while kb < 65536 && !depth_ok(&format!("{shape}/{op}"), kb) {
                kb = kb * 5 / 4;
            }
            println!("{shape} {op}: {kb} KB");
        }
    }
}
