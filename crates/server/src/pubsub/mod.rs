//! Pub/Sub: who listens to which channels, and how a message gets to them.
//!
//! A registry that all threads share says on which threads a channel has subscribers, and how many
//! ([`Directory`]); each thread knows its own ([`Local`]). A message is written once, and travels to
//! the threads that have subscribers in the mailboxes that keep the order of what one thread sends.

mod commands;
mod directory;
mod local;
mod message;
mod notify;

pub(crate) use commands::COMMANDS;
pub(crate) use directory::Directory;
pub(crate) use local::{Local, Subscriptions, leave};
pub(crate) use notify::{Channels, publish_events, wanted};

/// What is subscribed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A channel by its name.
    Channel,
    /// All channels whose names match.
    Pattern,
    /// A channel that belongs to a hash slot.
    Shard,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Channel, Self::Pattern, Self::Shard];

    /// The word that confirms a subscription.
    const fn subscribed(self) -> &'static str {
        match self {
            Self::Channel => "subscribe",
            Self::Pattern => "psubscribe",
            Self::Shard => "ssubscribe",
        }
    }

    /// The word that confirms its end.
    const fn unsubscribed(self) -> &'static str {
        match self {
            Self::Channel => "unsubscribe",
            Self::Pattern => "punsubscribe",
            Self::Shard => "sunsubscribe",
        }
    }
}
