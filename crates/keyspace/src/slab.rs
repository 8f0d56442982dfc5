//! Where the entries of one database are allocated.
//!
//! Blocks of a size share pages, and a page is found from a block by its address. So a block has
//! no header, sizes are a few bytes apart, and dropping the arena frees pages, not blocks. What is
//! counted as allocated is blocks, not pages: removing a key lowers `used_memory` at once.
//!
//! Invariants:
//! - a page is in the open list of its size while it has room, else in the full list;
//! - a page without blocks is freed, unless it is the only open one of its size;
//! - blocks above [`POOLED_BYTES_MAX`] are the allocator's, and are not freed with the arena.

use std::alloc::{GlobalAlloc, Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::{self, NonNull};

use stdx::alloc::{UNCOUNTED, adjust};

/// Larger blocks come from the allocator one by one.
pub(crate) const POOLED_BYTES_MAX: usize = 512;

/// Sizes are this far apart up to [`FINE_BYTES_MAX`], and twice as far with each doubling.
const STEP_BYTES: usize = 4;
const FINE_BYTES_MAX: usize = 128;

/// The size of the block for `bytes`. One for a multiple of 8 is aligned to 8, others to 4.
#[inline]
pub(crate) const fn rounded(bytes: usize) -> usize {
    let step = match bytes {
        0..=FINE_BYTES_MAX => STEP_BYTES,
        129..=256 => 2 * STEP_BYTES,
        _ => 4 * STEP_BYTES,
    };
    (bytes + step - 1) & !(step - 1)
}

/// The number of a size of pooled blocks.
#[inline]
const fn size_class(bytes: usize) -> usize {
    match bytes {
        0..=FINE_BYTES_MAX => bytes / STEP_BYTES,
        129..=256 => 16 + bytes / (2 * STEP_BYTES),
        _ => 32 + bytes / (4 * STEP_BYTES),
    }
}

const SIZES: usize = size_class(POOLED_BYTES_MAX) + 1;

const PAGE_BYTES: usize = 32 * 1024;

/// mimalloc wastes nothing on a page that is asked for like this, and has it aligned to its size
/// in practice; asked for that alignment, it takes twice the size.
const PAGE_LAYOUT: Layout = page_layout(4096);
const ALIGNED_PAGE_LAYOUT: Layout = page_layout(PAGE_BYTES);

const fn page_layout(align: usize) -> Layout {
    match Layout::from_size_align(PAGE_BYTES, align) {
        Ok(layout) => layout,
        Err(_) => unreachable!(),
    }
}

/// The begin of a page; blocks follow.
#[repr(C)]
struct Page {
    next: *mut Page,
    previous: *mut Page,
    /// Bytes per block.
    size: u32,
    /// How many blocks are handed out.
    used: u32,
    /// Where the first block is that has come back; such a block begins with the place of the
    /// next one. 0 for none.
    returned: u32,
    /// Where the blocks begin that never were handed out. Their memory is untouched.
    fresh: u32,
    layout: Layout,
}

/// Where the first block is.
const FIRST_BLOCK: usize = size_of::<Page>();

const _: () = assert!(FIRST_BLOCK.is_multiple_of(8));

impl Page {
    fn has_room(&self) -> bool {
        self.returned != 0 || (self.fresh + self.size) as usize <= PAGE_BYTES
    }
}

/// A doubly linked list of pages.
struct List(*mut Page);

impl List {
    fn push(&mut self, page: *mut Page) {
        // SAFETY: the page and the list's first one are live pages of this arena.
        unsafe {
            (*page).previous = ptr::null_mut();
            (*page).next = self.0;
            if !self.0.is_null() {
                (*self.0).previous = page;
            }
        }
        self.0 = page;
    }

    fn unlink(&mut self, page: *mut Page) {
        // SAFETY: the page is in this list, so its neighbours are live pages.
        unsafe {
            let (previous, next) = ((*page).previous, (*page).next);
            if previous.is_null() {
                self.0 = next;
            } else {
                (*previous).next = next;
            }
            if !next.is_null() {
                (*next).previous = previous;
            }
        }
    }
}

/// The pages of blocks of one size.
struct Pages {
    open: List,
    full: List,
}

/// The blocks of one database.
pub(crate) struct Arena {
    sizes: [Pages; SIZES],
    bytes: usize,
}

impl Default for Arena {
    fn default() -> Self {
        let none = || List(ptr::null_mut());
        Self { sizes: std::array::from_fn(|_| Pages { open: none(), full: none() }), bytes: 0 }
    }
}

impl Arena {
    /// The sum of all blocks in use.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// A block of `bytes`, which is [`rounded`] and not 0.
    #[inline]
    pub(crate) fn allocate(&mut self, bytes: usize) -> NonNull<u8> {
        debug_assert!(bytes > 0 && bytes == rounded(bytes));
        self.bytes += bytes;
        if bytes > POOLED_BYTES_MAX {
            return allocate_large(bytes);
        }
        adjust(bytes as isize);
        let pages = &mut self.sizes[size_class(bytes)];
        if pages.open.0.is_null() {
            pages.open.push(new_page(bytes));
        }
        let page = pages.open.0;
        // SAFETY: an open page has room: a returned block, or fresh ones within the page.
        unsafe {
            let at = if (*page).returned != 0 {
                let at = (*page).returned;
                (*page).returned = page.byte_add(at as usize).cast::<u32>().read();
                at
            } else {
                let at = (*page).fresh;
                (*page).fresh += bytes as u32;
                at
            };
            (*page).used += 1;
            if !(*page).has_room() {
                pages.open.unlink(page);
                pages.full.push(page);
            }
            NonNull::new_unchecked(page.byte_add(at as usize).cast())
        }
    }

    /// Frees a block.
    ///
    /// # Safety
    /// `block` came from `self.allocate(bytes)` and is not used again.
    #[inline]
    pub(crate) unsafe fn free(&mut self, block: NonNull<u8>, bytes: usize) {
        self.bytes -= bytes;
        if bytes > POOLED_BYTES_MAX {
            // SAFETY: the caller's contract.
            unsafe { dealloc(block.as_ptr(), large_layout(bytes)) };
            return;
        }
        adjust(-(bytes as isize));
        let pages = &mut self.sizes[size_class(bytes)];
        let at = block.as_ptr() as usize % PAGE_BYTES;
        // SAFETY: the block lies in a live page of this arena, at this distance from its begin,
        // and is no longer used, so that it can hold the place of the next returned one.
        unsafe {
            let page = block.as_ptr().sub(at).cast::<Page>();
            debug_assert_eq!((*page).size as usize, bytes);
            if !(*page).has_room() {
                pages.full.unlink(page);
                pages.open.push(page);
            }
            block.cast::<u32>().write((*page).returned);
            (*page).returned = at as u32;
            (*page).used -= 1;
            let is_only_one = pages.open.0 == page && (*page).next.is_null();
            if (*page).used == 0 && !is_only_one {
                pages.open.unlink(page);
                free_page(page);
            }
        }
    }
}

impl Drop for Arena {
    /// Frees all pages, whatever is in them.
    fn drop(&mut self) {
        for Pages { open, full } in &self.sizes {
            for mut page in [open.0, full.0] {
                while !page.is_null() {
                    // SAFETY: a live page of this arena, which goes.
                    unsafe {
                        adjust(-(((*page).used * (*page).size) as isize));
                        let next = (*page).next;
                        free_page(page);
                        page = next;
                    }
                }
            }
        }
    }
}

#[cold]
fn new_page(size: usize) -> *mut Page {
    let (page, layout) = allocate_page();
    let (next, previous) = (ptr::null_mut(), ptr::null_mut());
    let (size, fresh) = (size as u32, FIRST_BLOCK as u32);
    // SAFETY: the page is large enough and aligned.
    unsafe { page.write(Page { next, previous, size, used: 0, returned: 0, fresh, layout }) };
    page
}

fn allocate_page() -> (*mut Page, Layout) {
    // SAFETY: the layouts are not empty, and what is not aligned is freed at once.
    unsafe {
        let page = UNCOUNTED.alloc(PAGE_LAYOUT);
        if !page.is_null() && (page as usize).is_multiple_of(PAGE_BYTES) {
            return (page.cast(), PAGE_LAYOUT);
        }
        if !page.is_null() {
            UNCOUNTED.dealloc(page, PAGE_LAYOUT);
        }
        let page = UNCOUNTED.alloc(ALIGNED_PAGE_LAYOUT);
        if page.is_null() {
            handle_alloc_error(ALIGNED_PAGE_LAYOUT);
        }
        (page.cast(), ALIGNED_PAGE_LAYOUT)
    }
}

/// # Safety
/// The page is live, in no list, and without blocks in use.
unsafe fn free_page(page: *mut Page) {
    // SAFETY: allocated with its layout.
    unsafe { UNCOUNTED.dealloc(page.cast(), (*page).layout) };
}

fn large_layout(bytes: usize) -> Layout {
    Layout::from_size_align(bytes, 8).expect("entries are far smaller than memory")
}

#[cold]
fn allocate_large(bytes: usize) -> NonNull<u8> {
    let layout = large_layout(bytes);
    // SAFETY: the layout is not empty.
    let block = unsafe { alloc(layout) };
    NonNull::new(block).unwrap_or_else(|| handle_alloc_error(layout))
}

#[cfg(test)]
mod tests;
