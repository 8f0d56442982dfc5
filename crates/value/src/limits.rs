//! Up to where small collections stay in one allocation.

/// Redis's parameters of the same names; sizes in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the parameters' names say it")]
pub struct Limits {
    pub hash_max_listpack_entries: usize,
    pub hash_max_listpack_value_bytes: usize,
    /// Entries per block, or -1 to -5 for 4, 8, 16, 32 or 64 KB.
    pub list_max_listpack_size: i32,
    pub list_compress_depth: usize,
    /// Elements from this size on have a block of their own; 0: those that fill one anyway.
    pub list_plain_bytes_min: usize,
    pub set_max_intset_entries: usize,
    pub set_max_listpack_entries: usize,
    pub set_max_listpack_value_bytes: usize,
    pub zset_max_listpack_entries: usize,
    pub zset_max_listpack_value_bytes: usize,
    /// 0 for any.
    pub stream_node_max_bytes: usize,
    /// 0 for any number.
    pub stream_node_max_entries: usize,
    /// For how long names of entries are known, in seconds.
    pub stream_idmp_duration_s: u64,
    /// How many names of entries are known of each producer.
    pub stream_idmp_maxsize: usize,
    pub hll_sparse_max_bytes: usize,
}

impl Default for Limits {
    /// Redis's defaults.
    fn default() -> Self {
        Self {
            hash_max_listpack_entries: 512,
            hash_max_listpack_value_bytes: 64,
            list_max_listpack_size: -2,
            list_compress_depth: 0,
            list_plain_bytes_min: 0,
            set_max_intset_entries: 512,
            set_max_listpack_entries: 128,
            set_max_listpack_value_bytes: 64,
            zset_max_listpack_entries: 128,
            zset_max_listpack_value_bytes: 64,
            stream_node_max_bytes: 4096,
            stream_node_max_entries: 100,
            stream_idmp_duration_s: 100,
            stream_idmp_maxsize: 100,
            hll_sparse_max_bytes: 3000,
        }
    }
}
