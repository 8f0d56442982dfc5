//! The simulated server and its clients, and the scheduler that lets a seed decide who goes next.

use std::collections::VecDeque;

use txn::Ids;

use crate::Summary;
use crate::bug::Bug;
use crate::history::{Failure, History, Operation};
use crate::layout::Layout;
use crate::random::Random;
use crate::shard::Shard;
use crate::transaction::Transaction;
use crate::turn::{Answer, Message, Turn};

/// More steps than any run needs that makes progress.
const STEPS_MAX: usize = 20_000;

/// The most messages that a thread takes from a link at once.
const BATCH_MAX: usize = 3;

struct Client {
    thread: usize,
    /// Operations still to ask for.
    left: usize,
    awaited: Option<Operation>,
}

/// Messages from one thread to another, which keep their order.
struct Link {
    from: usize,
    to: usize,
    messages: VecDeque<Message>,
    /// How readily the scheduler delivers here: links differ, so messages cross.
    weight: usize,
}

enum Event {
    Deliver(usize),
    Request(usize),
}

pub(crate) struct World {
    random: Random,
    bug: Bug,
    verbose: bool,
    layout: Layout,
    ids: Ids,
    shards: Vec<Shard>,
    links: Vec<Link>,
    clients: Vec<Client>,
    transactions: Vec<Transaction>,
    history: History,
    summary: Summary,
    /// Counts messages and requests.
    now: u64,
    /// How many of them read the same clock.
    clock_step: u64,
}

impl World {
    pub(crate) fn new(seed: u64, bug: Bug, verbose: bool) -> World {
        let mut random = Random::new(seed);
        let layout = Layout::draw(&mut random);
        let threads = 0..layout.threads;
        let links = threads
            .clone()
            .flat_map(|from| threads.clone().map(move |to| (from, to)))
            .filter(|(from, to)| from != to)
            .map(|(from, to)| {
                let weight = random.pick(&[1, 8, 64]);
                Link { from, to, messages: VecDeque::new(), weight }
            })
            .collect();
        let clients_max = random.pick(&[4, 6, 12]);
        let clients = (0..random.between(2, clients_max))
            .map(|_| {
                let (thread, left) = (random.below(layout.threads), random.between(2, 8));
                Client { thread, left, awaited: None }
            })
            .collect();
        let clock_step = random.pick(&[1, 2, 30]);
        World {
            bug,
            verbose,
            layout,
            ids: Ids::default(),
            shards: (0..layout.shards).map(|_| Shard::new(bug, layout)).collect(),
            links,
            clients,
            transactions: Vec::new(),
            history: History::new(layout.keys),
            summary: Summary::default(),
            now: 0,
            clock_step,
            random,
        }
    }

    /// Runs until nothing is left to do, and checks what happened.
    pub(crate) fn run(mut self) -> Result<Summary, Failure> {
        if self.verbose {
            println!("{:?}", self.layout);
        }
        let mut steps = 0;
        while let Some(event) = self.next_event() {
            steps += 1;
            if steps > STEPS_MAX {
                break;
            }
            match event {
                Event::Deliver(link) => self.deliver(link),
                Event::Request(client) => self.request(client),
            }
        }
        self.history.check()?;
        match self.shards.iter().position(|shard| !shard.is_idle()) {
            Some(shard) => Err(Failure::NotIdle(shard)),
            None => Ok(self.summary),
        }
    }

    /// Draws among the links with messages and the clients with time, by weight.
    fn next_event(&mut self) -> Option<Event> {
        let weigh = |link: &Link| if link.messages.is_empty() { 0 } else { link.weight };
        let idle = |client: &Client| {
            client.left > 0 && client.awaited.is_none_or(|of| self.history.is_finished(of))
        };
        let links = self.links.iter().map(weigh).enumerate();
        let clients = self.clients.iter().map(|client| usize::from(idle(client)) * 4).enumerate();
        let candidates = links
            .map(|(link, weight)| (weight, Event::Deliver(link)))
            .chain(clients.map(|(client, weight)| (weight, Event::Request(client))));
        let total: usize = candidates.clone().map(|(weight, _)| weight).sum();
        if total == 0 {
            return None;
        }
        let mut chosen = self.random.below(total);
        for (weight, event) in candidates {
            if chosen < weight {
                return Some(event);
            }
            chosen -= weight;
        }
        unreachable!("the choice is below the total of the weights")
    }

    fn deliver(&mut self, link: usize) {
        let link = &mut self.links[link];
        let count = self.random.between(1, BATCH_MAX).min(link.messages.len());
        let batch: Vec<Message> = link.messages.drain(..count).collect();
        let (from, to) = (link.from, link.to);
        self.turn(to, from, batch);
    }

    fn request(&mut self, client: usize) {
        self.now += 1;
        self.summary.operations += 1;
        let thread = self.clients[client].thread;
        let operation = self.history.request(self.now);
        let (way, parts) = self.layout.draw_operation(&mut self.random, thread);
        let vanishes = self.random.one_in(8);
        if self.verbose {
            println!("{:>5} client {client} asks {operation}: {way:?} {parts:?}", self.now);
        }
        self.transactions.push(Transaction::new(operation, thread, vanishes, way, parts));
        let client = &mut self.clients[client];
        client.left -= 1;
        // One that is gone awaits nothing; its place is taken by another.
        client.awaited = (!vanishes).then_some(operation);
        self.turn(thread, thread, vec![Message::Answer(operation, Answer::Begin)]);
    }

    /// A thread handles a batch, and after each message what it then sends to itself.
    fn turn(&mut self, thread: usize, from: usize, batch: Vec<Message>) {
        let clock = self.now / self.clock_step;
        if let Some(shard) = self.shards.get_mut(thread) {
            shard.read_clock(clock);
        }
        let mut outbox = Vec::new();
        for message in batch {
            let mut own = VecDeque::from([(from, message)]);
            while let Some((from, message)) = own.pop_front() {
                self.handle(thread, from, message, &mut outbox);
                for (to, message) in outbox.drain(..) {
                    if to == thread {
                        own.push_back((thread, message));
                    } else {
                        let mut links = self.links.iter_mut();
                        let link = links.find(|link| link.from == thread && link.to == to);
                        link.expect("every two threads are linked").messages.push_back(message);
                    }
                }
            }
        }
    }

    fn handle(
        &mut self,
        thread: usize,
        from: usize,
        message: Message,
        outbox: &mut Vec<(usize, Message)>,
    ) {
        self.now += 1;
        self.summary.messages += 1;
        let mut turn = Turn {
            bug: self.bug,
            verbose: self.verbose,
            thread,
            clock: self.now / self.clock_step,
            now: self.now,
            ids: &self.ids,
            history: &mut self.history,
            summary: &mut self.summary,
            outbox,
        };
        match message {
            Message::Request(request) => self.shards[thread].receive(&mut turn, from, request),
            Message::Answer(operation, answer) => {
                self.transactions[operation].receive(&mut turn, answer);
            }
        }
    }
}
