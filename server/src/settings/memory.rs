//! Sizes, and how much memory there is.

/// Parses a size: bytes with an optional unit (`4GiB`, `512MB`, `1073741824`).
pub fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let split = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "ki" | "kib" => 1 << 10,
        "m" | "mi" | "mib" => 1 << 20,
        "g" | "gi" | "gib" => 1 << 30,
        "t" | "ti" | "tib" => 1 << 40,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        _ => return None,
    };
    match number.parse::<u64>() {
        Ok(whole) => whole.checked_mul(factor),
        Err(_) => {
            let number: f64 = number.parse().ok().filter(|n: &f64| n.is_finite())?;
            let bytes = number * factor as f64;
            (bytes < u64::MAX as f64).then_some(bytes as u64)
        }
    }
}

/// Parses a share (`60%`), in percent.
pub fn parse_share(text: &str) -> Option<f64> {
    let percent: f64 = text.trim().strip_suffix('%')?.trim().parse().ok()?;
    (percent > 0.0 && percent <= 100.0).then_some(percent)
}

/// Bytes with the largest binary unit that reads well.
pub fn show_size(bytes: u64) -> String {
    let units = [("GiB", 1u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    for (unit, factor) in units {
        if bytes >= factor {
            return format!("{:.1} {unit}", bytes as f64 / factor as f64);
        }
    }
    format!("{bytes} bytes")
}

/// The memory of the machine, or of the container when it has less.
///
/// Read with `std`, not through the disk seam: files of the kernel have no length.
pub fn machine_bytes() -> Option<u64> {
    let meminfo = std::fs::read_to_string("/proc/meminfo").ok();
    let machine = meminfo.as_deref().and_then(parse_meminfo);
    let own = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let group = cgroup_files(&own)
        .into_iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        // "max" and absurd numbers both mean "no limit"
        .filter_map(|text| text.trim().parse::<u64>().ok())
        .min();
    match (machine, group) {
        (Some(machine), Some(group)) => Some(machine.min(group)),
        (machine, group) => machine.or(group),
    }
}

fn parse_meminfo(text: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// Files that may hold the limit of our control group or of one above it.
fn cgroup_files(own: &str) -> Vec<String> {
    let mut files = vec![
        "/sys/fs/cgroup/memory.max".to_owned(),
        "/sys/fs/cgroup/memory/memory.limit_in_bytes".to_owned(),
    ];
    for line in own.lines() {
        // version 2 has one line, `0::/path`; version 1 one per controller, `9:memory:/path`
        let mut parts = line.splitn(3, ':');
        let (_, controllers, path) = (parts.next(), parts.next(), parts.next().unwrap_or("/"));
        let (root, file) = match controllers {
            Some("") => ("/sys/fs/cgroup", "memory.max"),
            Some(names) if names.split(',').any(|name| name == "memory") => {
                ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => continue,
        };
        let mut path = path.trim_end_matches('/');
        while !path.is_empty() {
            files.push(format!("{root}{path}/{file}"));
            path = path.rfind('/').map_or("", |slash| &path[..slash]);
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_take_binary_and_decimal_units() {
        assert_eq!(parse_size("4GiB"), Some(4 << 30));
        assert_eq!(parse_size("4 gib"), Some(4 << 30));
        assert_eq!(parse_size("512MB"), Some(512_000_000));
        assert_eq!(parse_size("1.5GiB"), Some(3 << 29));
        assert_eq!(parse_size("1073741824"), Some(1 << 30));
        for wrong in [
            "",
            "GiB",
            "4 parsecs",
            "-1GiB",
            "99999999999999999999",
            "1e999",
            "1.2.3MB",
        ] {
            assert_eq!(parse_size(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn shares_are_above_0_and_at_most_100_percent() {
        assert_eq!(parse_share("60%"), Some(60.0));
        assert_eq!(parse_share(" 12.5 % "), Some(12.5));
        for wrong in ["0%", "101%", "60", "%", "NaN%", "-5%"] {
            assert_eq!(parse_share(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn meminfo_gives_bytes() {
        assert_eq!(
            parse_meminfo("MemTotal:       16384 kB\nMemFree: 1 kB\n"),
            Some(16 << 20)
        );
        assert_eq!(parse_meminfo("nonsense"), None);
    }

    #[test]
    fn every_control_group_above_ours_may_limit_us() {
        let files = cgroup_files("0::/pods/pod-1/box\n");
        assert!(files.contains(&"/sys/fs/cgroup/pods/pod-1/box/memory.max".to_owned()));
        assert!(files.contains(&"/sys/fs/cgroup/pods/memory.max".to_owned()));
        let files = cgroup_files("9:cpu:/x\n4:memory:/docker/1\n");
        assert!(files.contains(&"/sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes".to_owned()));
        assert!(!files.iter().any(|file| file.contains("/x")));
    }
}
