//! How much memory there is, and how much of it the process has.

/// Bytes of memory that a program may use: those of the machine, or of the container where it is given fewer.
#[must_use]
pub fn available() -> Option<u64> {
    let machine = field(&read("/proc/meminfo")?, "MemTotal:");
    container().into_iter().chain(machine).min()
}

/// The most memory the process ever held, in bytes.
#[must_use]
pub fn peak() -> Option<u64> {
    field(&read("/proc/self/status")?, "VmHWM:")
}

/// The smallest limit of the process's control groups; those around its own limit it too.
fn container() -> Option<u64> {
    let groups = read("/proc/self/cgroup")?;
    let limits = groups.lines().flat_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let (root, file) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max"),
            of if of.split(',').any(|of| of == "memory") => ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            _ => return Vec::new(),
        };
        std::path::Path::new(path)
            .ancestors()
            .map(|group| format!("{root}{}/{file}", group.display().to_string().trim_end_matches('/')))
            .collect()
    });
    // "max" and a file that is not there are no limit.
    limits.filter_map(|path| read(&path)?.trim().parse().ok()).min()
}

fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

/// A line of `/proc` such as `VmHWM:  1024 kB`, in bytes.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_proc_are_read() {
        let text = "VmPeak:\t  12 kB\nVmHWM:\t    1500 kB\nThreads:\t3\n";
        assert_eq!(field(text, "VmHWM:"), Some(1_536_000));
        assert_eq!(field(text, "Threads:"), None);
        assert_eq!(field(text, "VmRSS:"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_knows_its_memory() {
        let (available, peak) = (available().unwrap(), peak().unwrap());
        assert!(peak > 1 << 20 && peak < available, "{peak} of {available}");
    }
}
