//! What files of a journal are called.

/// Names, all of which begin with `appendfilename`.
#[derive(Clone, Debug)]
pub struct Names {
    prefix: String,
}

impl Names {
    /// With `appendfilename`.
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    /// The list of all others. Beside Redis's, which ends in `.manifest`.
    pub fn manifest(&self) -> String {
        format!("{}.merops-manifest", self.prefix)
    }

    /// One shard's part of a base.
    pub fn base(&self, generation: u64, shard: usize) -> String {
        format!("{}.{generation}.base.shard-{shard}.rdb", self.prefix)
    }

    /// One shard's increment.
    pub fn increment(&self, generation: u64, shard: usize) -> String {
        format!("{}.{generation}.incr.shard-{shard}.rounds", self.prefix)
    }

    /// The generation of a file of this journal's that is no manifest.
    pub fn generation(&self, name: &str) -> Option<u64> {
        let rest = name.strip_prefix(&self.prefix)?.strip_prefix('.')?;
        let (generation, rest) = rest.split_once('.')?;
        let shard = match rest.strip_prefix("base.shard-") {
            Some(rest) => rest.strip_suffix(".rdb")?,
            None => rest.strip_prefix("incr.shard-")?.strip_suffix(".rounds")?,
        };
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        (is_number(generation) && is_number(shard)).then(|| generation.parse().ok())?
    }
}
