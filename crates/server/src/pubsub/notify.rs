//! Events about keys, published on channels that are named after key, event or field.
//!
//! The shard of a thread tells them in the order in which they happened, and before the answers of
//! the calls that caused them leave; each leaves for another thread at once. So what follows from
//! one event, on whichever thread, is heard after it.

use std::sync::Arc;

use keyspace::{Class, Classes, Event, News, Told, Wanted, What};

use super::Kind;
use super::message::Message;
use crate::core::Core;

/// On which channels events are published.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Channels {
    /// `__keyspace@db__:key`, with the event.
    key: bool,
    /// `__keyevent@db__:event`, with the key.
    event: bool,
    /// `__subkeyspace@db__:key`, with event and fields.
    fields_of_key: bool,
    /// `__subkeyevent@db__:event`, with key and fields.
    fields_of_event: bool,
    /// `__subkeyspaceitem@db__:key\nfield`, with the event.
    field: bool,
    /// `__subkeyspaceevent@db__:event|key`, with the fields.
    fields_of_both: bool,
}

impl Channels {
    /// As `notify-keyspace-events` says.
    pub(crate) fn of_letters(letters: &str) -> Self {
        let has = |letter| letters.contains(letter);
        Self {
            key: has('K'),
            event: has('E'),
            fields_of_key: has('S'),
            fields_of_event: has('T'),
            field: has('I'),
            fields_of_both: has('V'),
        }
    }

    fn has_fields(self) -> bool {
        self.fields_of_key || self.fields_of_event || self.field || self.fields_of_both
    }
}

/// What a shard is to tell for the letters of `notify-keyspace-events`.
pub(crate) fn wanted(letters: &str) -> Wanted {
    const USUAL: &str = "g$lshztxe";
    let channels = Channels::of_letters(letters);
    if !channels.key && !channels.event && !channels.has_fields() {
        return Wanted::default();
    }
    let usual = if letters.contains('A') { USUAL } else { "" };
    let classes = letters.chars().chain(usual.chars()).filter_map(Class::of_letter);
    let classes = classes.fold(Classes::default(), Classes::with);
    Wanted { classes, fields: channels.has_fields(), ..Wanted::default() }
}

/// Publishes the events among the news of this thread's shard.
pub(crate) fn publish_events(core: &Core, news: &News) {
    let channels = core.event_channels.get();
    let directory = &core.server.directory;
    if directory.channel_count(Kind::Channel) == 0 && directory.pattern_count() == 0 {
        return;
    }
    let mut mail = vec![Vec::new(); core.router.thread_count()];
    let mut receivers = vec![0; mail.len()];
    for told in news.iter() {
        let What::Event(event) = told.what else { continue };
        messages(channels, &told, event, |channel, payload| {
            receivers.fill(0);
            directory.receivers(Kind::Channel, &channel, &mut receivers);
            if receivers.iter().all(|count| *count == 0) {
                return;
            }
            let message = Arc::new(Message { is_sharded: false, channel, payload });
            for (mail, _) in mail.iter_mut().zip(&receivers).filter(|(_, count)| **count > 0) {
                mail.push(message.clone());
            }
        });
    }
    for (thread, messages) in mail.into_iter().enumerate() {
        if !messages.is_empty() {
            core.router.call_first(thread, move || deliver(&Core::current(), &messages));
        }
    }
}

fn deliver(core: &Core, messages: &[Arc<Message>]) {
    for message in messages {
        core.subscribers.deliver(message);
    }
}

/// Makes the messages of one event: channel and payload.
fn messages(
    channels: Channels,
    told: &Told<'_>,
    event: Event,
    mut send: impl FnMut(Vec<u8>, Vec<u8>),
) {
    let (key, name) = (told.key, event.name.as_bytes());
    let channel = |kind: &str, parts: &[&[u8]]| {
        let mut channel = format!("__{kind}@{}__:", told.db).into_bytes();
        parts.iter().for_each(|part| channel.extend_from_slice(part));
        channel
    };
    if channels.key {
        send(channel("keyspace", &[key]), name.to_vec());
    }
    if channels.event {
        send(channel("keyevent", &[name]), key.to_vec());
    }
    if told.fields().len() == 0 {
        return;
    }
    if channels.fields_of_key {
        let payload = [name, b"|", &list(told)].concat();
        send(channel("subkeyspace", &[key]), payload);
    }
    if channels.fields_of_event {
        let len = key.len().to_string();
        let payload = [len.as_bytes(), b":", key, b"|", &list(told)].concat();
        send(channel("subkeyevent", &[name]), payload);
    }
    // With a line end in the key, nobody could tell where it ends.
    if channels.field && !key.contains(&b'\n') {
        for field in told.fields() {
            send(channel("subkeyspaceitem", &[key, b"\n", field]), name.to_vec());
        }
    }
    if channels.fields_of_both {
        send(channel("subkeyspaceevent", &[name, b"|", key]), list(told));
    }
}

/// The fields of an event, each behind its length.
fn list(told: &Told<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    for field in told.fields() {
        if !out.is_empty() {
            out.push(b',');
        }
        out.extend_from_slice(field.len().to_string().as_bytes());
        out.push(b':');
        out.extend_from_slice(field);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_wanted_without_a_channel() {
        assert_eq!(wanted(""), Wanted::default());
        assert_eq!(wanted("Am"), Wanted::default());
        assert!(wanted("AK").classes.has(Class::Stream));
        assert!(!wanted("AK").classes.has(Class::Miss));
        assert!(!wanted("AK").fields);
        assert!(wanted("hS").fields);
    }
}
