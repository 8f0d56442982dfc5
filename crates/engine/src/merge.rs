//! One reply out of the replies of a command's parts.

use resp::{Protocol, Writer, skip_reply};

use crate::command::Merge;

/// Merges the answers of parts; `keys` says for each key which part has it.
///
/// The first error among the answers is the reply, whatever the others say.
pub(crate) fn merge(how: Merge, answers: &[(usize, &[u8])], keys: &[usize], out: &mut Vec<u8>) {
    if let Some((_, error)) = answers.iter().find(|(_, answer)| answer.starts_with(b"-")) {
        out.extend_from_slice(error);
        return;
    }
    // Arrays and integers read the same in both protocols.
    let mut reply = Writer::new(out, Protocol::Resp2);
    match how {
        Merge::Sum => {
            reply.integer(answers.iter().map(|(_, answer)| header(answer).0).sum());
        }
        Merge::First => reply.raw(answers[0].1),
        Merge::Concat => {
            let lens = answers.iter().map(|(_, answer)| header(answer).0);
            reply.array(lens.sum::<i64>() as usize);
            for (_, answer) in answers {
                reply.raw(&answer[header(answer).1..]);
            }
        }
        Merge::PerKey => {
            reply.array(keys.len());
            let mut rest: Vec<(usize, &[u8])> =
                answers.iter().map(|(part, answer)| (*part, &answer[header(answer).1..])).collect();
            for key in keys {
                let (_, answer) = rest
                    .iter_mut()
                    .find(|(part, _)| part == key)
                    .expect("every key's part answered");
                let (element, others) = answer.split_at(skip_reply(answer));
                reply.raw(element);
                *answer = others;
            }
        }
    }
}

/// The number in a reply's first line, and where the next line starts.
fn header(answer: &[u8]) -> (i64, usize) {
    let end = answer.windows(2).position(|pair| pair == b"\r\n").expect("a reply has a line");
    let number = stdx::number::parse_i64(&answer[1..end]).expect("its first line is a number");
    (number, end + 2)
}

#[cfg(test)]
mod tests;
