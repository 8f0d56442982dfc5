//! The title of the process, as tools like `ps` show it.
//!
//! Linux shows the memory in which the process' arguments lay when it started and, where their last
//! byte is not zero, that of the environment behind it.

use std::ffi::{CStr, CString, c_char};
use std::fs;
use std::ptr;

/// Where fields of `/proc/self/stat` are, counted behind the name: the arguments, the environment.
const ARGUMENTS_AT: usize = 45;
const ENVIRONMENT_AT: usize = 47;

unsafe extern "C" {
    static mut environ: *mut *mut c_char;
}

/// The memory of the title.
#[derive(Debug)]
pub struct Title {
    start: *mut u8,
    len: usize,
}

// SAFETY: the memory is the process' own and stays; only this value writes to it, through `&mut`.
unsafe impl Send for Title {}

impl Title {
    /// Takes the memory of the arguments and of the environment, which moves elsewhere. None if
    /// the system does not say where that is, or if threads run that might look at it.
    ///
    /// What [`std::env::args`] answers is lost with the first title.
    pub fn take() -> Option<Self> {
        if fs::read_dir("/proc/self/task").ok()?.count() != 1 {
            return None;
        }
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        let (_, behind_name) = stat.rsplit_once(')')?;
        let fields: Vec<usize> =
            behind_name.split_whitespace().map(|field| field.parse().unwrap_or(0)).collect();
        let range = |at: usize| Some((*fields.get(at)?, *fields.get(at + 1)?));
        let (start, end) = range(ARGUMENTS_AT)?;
        if start == 0 || end <= start {
            return None;
        }
        let end = match range(ENVIRONMENT_AT)? {
            (environment, environment_end) if environment == end && environment_end > end => {
                move_environment();
                environment_end
            }
            _ => end,
        };
        Some(Self { start: ptr::with_exposed_provenance_mut(start), len: end - start })
    }

    /// Sets the title, as much of it as there is room for.
    pub fn set(&mut self, title: &[u8]) {
        // The last byte stays zero: an end for whoever takes the memory for strings.
        let len = title.len().min(self.len - 1);
        // SAFETY: the kernel said that these bytes are the arguments' and the environment's. They
        // are writable and never freed, and nothing of this process relies on them any more.
        unsafe {
            ptr::copy_nonoverlapping(title.as_ptr(), self.start, len);
            ptr::write_bytes(self.start.add(len), 0, self.len - len);
        }
    }
}

/// Copies the environment, for good.
fn move_environment() {
    // SAFETY: no other thread runs, so nobody changes the environment meanwhile; it is a list of
    // strings with a null pointer at its end.
    unsafe {
        let mut copies = Vec::new();
        let mut variable = environ;
        while !variable.is_null() && !(*variable).is_null() {
            copies.push(CString::from(CStr::from_ptr(*variable)).into_raw());
            variable = variable.add(1);
        }
        copies.push(ptr::null_mut());
        environ = copies.leak().as_mut_ptr();
    }
}
