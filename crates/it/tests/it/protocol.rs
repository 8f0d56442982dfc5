//! The wire: inline commands, commands cut anywhere, and bytes that are no RESP.

use std::thread;
use std::time::Duration;

use testkit::{Client, Server, encode, show};

use crate::servers::on_every_server;

/// Sends `bytes` on a new connection and returns all that comes until the server closes it.
fn last_words(server: &Server, bytes: &[u8]) -> String {
    let mut client = server.connect();
    // The server may close before it has read everything.
    client.send(bytes).ok();
    let end = client.receive_to_end().expect("the server closes the connection");
    String::from_utf8_lossy(&end).into_owned()
}

fn replies(client: &mut Client, count: usize) -> Vec<String> {
    (0..count).map(|_| show(&client.receive().expect("a reply"))).collect()
}

#[test]
fn inline_commands() {
    on_every_server(&[], |server| {
        let mut client = server.connect();
        let lines = b"PING\r\nPING\n\r\n\n  \r\n  set  k \"a \\x41\\n\"\t\r\nGET k\r\nGET 'k'\r\nSET e \"\"\r\n\
            STRLEN e\r\necho 'it\\'s'\r\n";
        client.send(lines).expect("it takes commands");
        let wanted = ["+PONG", "+PONG", "+OK", "\"a A\\n\"", "\"a A\\n\"", "+OK", ":0", "\"it's\""];
        assert_eq!(replies(&mut client, wanted.len()), wanted);
    });
}

#[test]
fn commands_may_be_cut_at_any_byte() {
    on_every_server(&[], |server| {
        let mut stream = Vec::new();
        encode(&["SET", "key", "va\r\nue"], &mut stream);
        stream.extend_from_slice(b"GET key\r\n*0\r\n*-1\r\n");
        encode(&["MGET", "key", "other", ""], &mut stream);
        encode(&["NOSUCH"], &mut stream);
        let wanted = [
            "+OK",
            "\"va\\r\\nue\"",
            "[\"va\\r\\nue\", (nil), (nil)]",
            "-ERR unknown command 'NOSUCH', with args beginning with: ",
        ];
        let wanted = wanted.map(|reply| reply.trim().to_owned());
        let tidy = |shown: Vec<String>| -> Vec<String> {
            shown.iter().map(|text| text.replace("-\"", "-").replace(": \"", ":")).collect()
        };
        for cut in 1..stream.len() {
            let mut client = server.connect();
            for part in [&stream[..cut], &stream[cut..]] {
                client.send(part).expect("it takes commands");
                thread::sleep(Duration::from_micros(300));
            }
            assert_eq!(tidy(replies(&mut client, 4)), wanted, "cut at byte {cut}");
        }
        let mut client = server.connect();
        for byte in &stream {
            client.send(&[*byte]).expect("it takes commands");
        }
        assert_eq!(tidy(replies(&mut client, 4)), wanted, "byte by byte");
    });
}

#[test]
fn protocol_errors_end_the_connection() {
    let long = |start: &str| [start.as_bytes(), &vec![b'1'; 70_000]].concat();
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"*x\r\n".into(), "invalid multibulk length"),
        (b"*\r\n".into(), "invalid multibulk length"),
        (b"*2147483648\r\n".into(), "invalid multibulk length"),
        (b"*9999999999999999999999\r\n".into(), "invalid multibulk length"),
        (b"*1\r\nPING\r\n".into(), "expected '$', got 'P'"),
        (b"*3\r\n$3\r\nSET\r\n$1\r\nx\r\nfooz\r\n".into(), "expected '$', got 'f'"),
        (b"*1\r\n$x\r\n".into(), "invalid bulk length"),
        (b"*1\r\n$-1\r\n".into(), "invalid bulk length"),
        (b"*1\r\n$\r\n".into(), "invalid bulk length"),
        (b"*1\r\n$1048577\r\n".into(), "invalid bulk length"),
        (b"*1\r\n$18446744073709551617\r\n".into(), "invalid bulk length"),
        (b"SET k \"open\r\n".into(), "unbalanced quotes in request"),
        (b"SET k \"a\"b\r\n".into(), "unbalanced quotes in request"),
        (long("*"), "too big mbulk count string"),
        (long("*1\r\n$"), "too big bulk count string"),
        (long("SET k "), "too big inline request"),
    ];
    on_every_server(&["--proto-max-bulk-len", "1mb"], |server| {
        for (bytes, problem) in &cases {
            let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]).into_owned();
            let wanted = format!("-ERR Protocol error: {problem}\r\n");
            assert_eq!(last_words(server, bytes), wanted, "{shown:?}");
            // What came before is answered, what comes after is not.
            let around = [b"PING\r\n*1\r\n$4\r\nPING\r\n", bytes.as_slice()].concat();
            assert_eq!(
                last_words(server, &around),
                format!("+PONG\r\n+PONG\r\n{wanted}"),
                "{shown:?}"
            );
        }
    });
}

#[test]
fn strangers_have_narrow_limits() {
    on_every_server(&["--requirepass", "secret"], |server| {
        let mut ten = Vec::new();
        encode(&["MGET", "2", "3", "4", "5", "6", "7", "8", "9", "10"], &mut ten);
        let refused = "-NOAUTH Authentication required.\r\n";
        let eleven = [&ten[..], b"*11\r\n$4\r\nMGET\r\n"].concat();
        let problem = "-ERR Protocol error: unauthenticated multibulk length\r\n";
        assert_eq!(last_words(server, &eleven), format!("{refused}{problem}"));

        let mut fits = Vec::new();
        encode(&[b"ECHO".as_slice(), &[b'x'; 16_384]], &mut fits);
        let too_long = [&fits[..], b"*2\r\n$4\r\nECHO\r\n$16385\r\n"].concat();
        let problem = "-ERR Protocol error: unauthenticated bulk length\r\n";
        assert_eq!(last_words(server, &too_long), format!("{refused}{problem}"));

        let mut friend = server.connect();
        friend.ask("AUTH secret");
        assert_eq!(
            friend.call(&[b"ECHO".as_slice(), &[b'x'; 20_000]]).map(|r| show(&r).len()).ok(),
            Some(20_002)
        );
    });
}

#[test]
fn web_browsers_are_sent_away() {
    on_every_server(&[], |server| {
        for request in
            ["POST / HTTP/1.1\r\nSET k v\r\n", "GET / HTTP/1.1\r\nHost: x\r\nSET k v\r\n"]
        {
            let said = last_words(server, request.as_bytes());
            assert!(!said.contains("+OK"), "{request:?}: {said:?}");
        }
        assert_eq!(show(&server.connect().ask("EXISTS k")), ":0");
    });
}
