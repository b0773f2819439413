//! How many connections the operating system's limit on open files allows, and each listener's share of them.

use engine::limits_table::{HEALTH_CONNECTIONS, RESERVED_FILES};

/// Fewer than this are no server.
const LEAST: usize = 8;

/// What each listener may have of what it `wants`.
#[cfg(unix)]
pub(super) fn share(wants: [usize; 3]) -> [usize; 3] {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let needed = wants.iter().sum::<usize>() + kept(wants.len());
    let now = limit.current.unwrap_or(u64::MAX);
    // Usual is 1,024 with leave to go higher.
    let raised = limit.maximum.unwrap_or(u64::MAX).min(needed as u64);
    let files = if now >= raised {
        now
    } else {
        match setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum: limit.maximum }) {
            Ok(()) => raised,
            Err(_) => now,
        }
    };
    let had = of(usize::try_from(files).unwrap_or(usize::MAX), wants);
    if had != wants {
        tracing::warn!(
            files,
            public = had[0],
            admin = had[1],
            console = had[2],
            "The limit on open files (ulimit -n) allows fewer connections than vestibule.limits.connections"
        );
    }
    had
}

#[cfg(not(unix))]
pub(super) fn share(wants: [usize; 3]) -> [usize; 3] {
    wants
}

/// Everything that is no client's ordinary connection.
fn kept(listeners: usize) -> usize {
    RESERVED_FILES.count() + listeners * HEALTH_CONNECTIONS.count()
}

fn of(files: usize, wants: [usize; 3]) -> [usize; 3] {
    let room = files.saturating_sub(kept(wants.len()));
    let wanted: usize = wants.iter().sum();
    if room >= wanted { wants } else { wants.map(|one| (one * room / wanted).max(LEAST)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listener_keeps_its_share_of_few_files() {
        let wants = [2000, 500, 500];
        assert_eq!(of(100_000, wants), wants);
        assert_eq!(of(3000 + kept(3), wants), wants);
        let [public, admin, console] = of(1024, wants);
        assert!(public + admin + console + kept(3) <= 1024, "{public} {admin} {console}");
        assert!(public > admin && admin == console && admin > 100);
        assert_eq!(of(10, wants), [LEAST; 3]);
    }
}
