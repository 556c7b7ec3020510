//! What the process takes of its machine.

use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::catalogue::register;

/// The numbers. Only Linux tells them.
#[derive(Debug, Default)]
pub(super) struct Process {
    cpu: Counter<f64, AtomicU64>,
    memory: Gauge,
    open_files: Gauge,
    most_files: Gauge,
    began: Gauge<f64, AtomicU64>,
}

impl Process {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let build = Family::<[(&'static str, &'static str); 1], Gauge>::default();
        build.get_or_create(&[("version", env!("CARGO_PKG_VERSION"))]).set(1);
        register(registry, "rollcall_build_info", build);
        let made = Self::default();
        register(registry, "process_cpu_seconds_total", made.cpu.clone());
        register(registry, "process_resident_memory_bytes", made.memory.clone());
        register(registry, "process_open_fds", made.open_files.clone());
        register(registry, "process_max_fds", made.most_files.clone());
        register(registry, "process_start_time_seconds", made.began.clone());
        made
    }

    /// Asks the system.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn look(&self) {}

    /// Asks the system. What it does not tell stays as it was.
    #[cfg(target_os = "linux")]
    pub(super) fn look(&self) {
        if let Err(error) = self.try_look() {
            tracing::debug!(%error, "the system does not tell what the process takes");
        }
    }

    #[cfg(target_os = "linux")]
    fn try_look(&self) -> procfs::ProcResult<()> {
        use std::time::Duration;

        use procfs::process::LimitValue;

        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let time = |ticks: u64| Duration::from_micros(ticks * 1_000_000 / procfs::ticks_per_second());
        let process = procfs::process::Process::myself()?;
        let stat = process.stat()?;
        let cpu = time(stat.utime + stat.stime).as_secs_f64();
        self.cpu.inc_by((cpu - self.cpu.get()).max(0.0));
        self.memory.set(count(stat.rss * procfs::page_size()));
        self.open_files.set(count(process.fd_count()? as u64));
        if let LimitValue::Value(most) = process.limits()?.max_open_files.soft_limit {
            self.most_files.set(count(most));
        }
        // The boot time moves with the clock of the machine.
        if self.began.get() <= 0.0 {
            let boot = Duration::from_secs(procfs::boot_time_secs()?);
            self.began.set((boot + time(stat.starttime)).as_secs_f64());
        }
        Ok(())
    }
}
