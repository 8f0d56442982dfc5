//! What an open transaction has queued, so that each reply of EXEC is compared as its command's is.

use resp::{Reply, parse_reply};

use crate::judge::Received;
use crate::table::Compare;

/// The commands that both servers said to have queued.
#[derive(Debug, Default)]
pub(crate) struct Queue(Vec<(Vec<Vec<u8>>, Compare)>);

/// A reply of each server, the command that it is to, and how they compare.
pub(crate) type Pairs = Vec<(Vec<Vec<u8>>, Compare, Received, Received)>;

impl Queue {
    /// Notes a command and redis-server's reply to it. If that is EXEC's, answers the replies to
    /// what was queued, if they are as many.
    pub(crate) fn note(
        &mut self,
        words: &[Vec<u8>],
        compare: Compare,
        redis: &Received,
        merops: &Received,
    ) -> Option<Pairs> {
        if redis.0 == Reply::Simple(b"QUEUED".to_vec()) {
            self.0.push((words.to_vec(), compare));
            return None;
        }
        let is = |name: &str| words[0].eq_ignore_ascii_case(name.as_bytes());
        if !["EXEC", "DISCARD", "RESET"].iter().any(|name| is(name)) {
            return None;
        }
        let queued = std::mem::take(&mut self.0);
        let (redis, merops) = (elements(redis)?, elements(merops)?);
        (redis.len() == queued.len() && merops.len() == queued.len()).then(|| {
            let replies = redis.into_iter().zip(merops);
            queued
                .into_iter()
                .zip(replies)
                .map(|((words, compare), (redis, merops))| (words, compare, redis, merops))
                .collect()
        })
    }
}

/// The elements of an array, with the bytes that each came as.
fn elements((reply, raw): &Received) -> Option<Vec<Received>> {
    let Reply::Array(items) = reply else { return None };
    let mut rest = &raw[raw.iter().position(|byte| *byte == b'\n')? + 1..];
    let mut elements = Vec::new();
    for item in items {
        let (_, length) = parse_reply(rest).ok()??;
        elements.push((item.clone(), rest[..length].to_vec()));
        rest = &rest[length..];
    }
    Some(elements)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(wire: &str) -> Received {
        let bytes = wire.replace(' ', "\r\n").into_bytes();
        (parse_reply(&bytes).unwrap().unwrap().0, bytes)
    }

    #[test]
    fn replies_go_with_their_commands() {
        let mut queue = Queue::default();
        let (queued, done) = (received("+QUEUED "), received("*2 :1 $1 x "));
        let command = |text: &str| vec![text.as_bytes().to_vec()];
        assert_eq!(queue.note(&command("TTL"), Compare::Within(2), &queued, &queued), None);
        assert_eq!(queue.note(&command("GET"), Compare::Bytes, &queued, &queued), None);
        let pairs = queue.note(&command("exec"), Compare::Bytes, &done, &done).unwrap();
        assert_eq!(
            pairs[0],
            (command("TTL"), Compare::Within(2), received(":1 "), received(":1 "))
        );
        assert_eq!(pairs[1].2, received("$1 x "));
        assert_eq!(queue.note(&command("EXEC"), Compare::Bytes, &done, &done), None);
    }
}
