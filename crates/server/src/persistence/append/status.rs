//! What INFO shows of the append files.

use config::Config;

/// See the module. Times in seconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Status {
    pub(crate) is_enabled: bool,
    pub(crate) fault: Option<String>,
    /// Nothing can be started from before the first base is there.
    pub(crate) awaits_base: bool,
    pub(crate) bytes: u64,
    pub(crate) base_bytes: u64,
    pub(crate) waiting_bytes: u64,
    pub(crate) is_syncing: bool,
    pub(crate) delayed_syncs: u64,
    /// One is to begin as soon as it can.
    pub(crate) is_scheduled: bool,
    pub(crate) rewriting_since: Option<i64>,
    pub(crate) last_rewrite_seconds: Option<i64>,
    pub(crate) rewrites: u64,
    pub(crate) failed_rewrites: u64,
    pub(crate) last_rewrite_failed: bool,
}

impl Status {
    /// Lines of INFO persistence.
    pub(crate) fn write(&self, now_s: i64, mut line: impl FnMut(&str, String)) {
        let word = |failed: bool| if failed { "err" } else { "ok" }.to_owned();
        let number = |number: Option<i64>| number.unwrap_or(-1).to_string();
        let flag = |flag: bool| u8::from(flag).to_string();
        line("aof_enabled", flag(self.is_enabled));
        line("aof_rewrite_in_progress", flag(self.rewriting_since.is_some()));
        line("aof_rewrite_scheduled", flag(self.is_scheduled));
        line("aof_last_rewrite_time_sec", number(self.last_rewrite_seconds));
        let current = self.rewriting_since.map(|since| now_s - since);
        line("aof_current_rewrite_time_sec", number(current));
        line("aof_last_bgrewrite_status", word(self.last_rewrite_failed));
        line("aof_rewrites", self.rewrites.to_string());
        line("aof_rewrites_consecutive_failures", self.failed_rewrites.to_string());
        line("aof_last_write_status", word(self.fault.is_some()));
        line("aof_last_cow_size", "0".to_owned());
        if self.is_enabled {
            line("aof_current_size", self.bytes.to_string());
            line("aof_base_size", self.base_bytes.to_string());
            line("aof_pending_rewrite", "0".to_owned());
            line("aof_buffer_length", self.waiting_bytes.to_string());
            line("aof_pending_bio_fsync", flag(self.is_syncing));
            line("aof_delayed_fsync", self.delayed_syncs.to_string());
        }
    }

    /// Whether the files have grown enough to be rewritten.
    pub(super) fn wants_rewrite(&self, config: &Config) -> bool {
        let percentage = u64::from(config.append.auto_aof_rewrite_percentage);
        if percentage == 0 || self.bytes < config.append.auto_aof_rewrite_min_bytes {
            return false;
        }
        let base = self.base_bytes.max(1);
        self.bytes.saturating_sub(base).saturating_mul(100) / base >= percentage
    }
}
