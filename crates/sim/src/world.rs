//! The simulated server and its clients, and the scheduler that lets a seed decide who goes next.

use std::collections::VecDeque;

use txn::Ids;

use crate::Summary;
use crate::bug::Bug;
use crate::history::{Failure, History, Operation};
use crate::layout::{Draft, Layout};
use crate::random::Random;
use crate::series::Series;
use crate::shard::Shard;
use crate::transaction::Transaction;
use crate::turn::{Answer, Message, Turn};

/// More steps than any run needs that makes progress.
const STEPS_MAX: usize = 20_000;

/// How readily the scheduler delivers on a link.
const WEIGHTS: [usize; 3] = [1, 8, 64];

/// After so many steps links change their speed. Who is refused and asks again races others, and where
/// one link was slow for ever it could lose each time.
const STEPS_PER_SPEED: usize = 500;

/// More messages than a thread handles in a turn that comes to an end.
const TURN_MESSAGES_MAX: usize = 10_000;

/// The most messages that a thread takes from a link at once.
const BATCH_MAX: usize = 3;

struct Client {
    thread: usize,
    /// Operations still to ask for.
    left: usize,
    awaited: Option<Operation>,
}

/// Messages from one thread to another, which keep their order, or to itself for a later turn.
struct Link {
    from: usize,
    to: usize,
    messages: VecDeque<Message>,
    /// Links differ, so messages cross.
    weight: usize,
}

enum Event {
    Deliver(usize),
    Request(usize),
    /// A series has waited for long.
    GiveWay(Operation),
}

/// What coordinates an operation.
enum Coordination {
    Transaction(Transaction),
    Series(Series),
}

impl Coordination {
    fn receive(&mut self, turn: &mut Turn<'_>, answer: Answer) {
        match self {
            Coordination::Transaction(transaction) => transaction.receive(turn, answer),
            Coordination::Series(series) => series.receive(turn, answer),
        }
    }
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
    operations: Vec<Coordination>,
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
            .map(|(from, to)| {
                let weight = random.pick(&WEIGHTS);
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
            operations: Vec::new(),
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
            if steps % STEPS_PER_SPEED == 0 {
                for link in &mut self.links {
                    link.weight = self.random.pick(&WEIGHTS);
                }
            }
            match event {
                Event::Deliver(link) => self.deliver(link),
                Event::Request(client) => self.request(client),
                Event::GiveWay(series) => self.give_way(series),
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
        let reaching = self.reaching();
        let waits = reaching.iter().filter(|_| reaching.len() > 1);
        let candidates = links
            .map(|(link, weight)| (weight, Event::Deliver(link)))
            .chain(clients.map(|(client, weight)| (weight, Event::Request(client))))
            .chain(waits.map(|series| (1, Event::GiveWay(*series))));
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

    /// Series that wait for more locks: maybe each for the other.
    fn reaching(&self) -> Vec<Operation> {
        let of = |(operation, one): (Operation, &Coordination)| match one {
            Coordination::Series(series) if series.is_reaching() => Some(operation),
            _ => None,
        };
        self.operations.iter().enumerate().filter_map(of).collect()
    }

    fn give_way(&mut self, operation: Operation) {
        let Coordination::Series(series) = &self.operations[operation] else { return };
        let thread = series.thread;
        self.turn(thread, thread, vec![Message::Answer(operation, Answer::GiveWay)]);
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
        let draft = self.layout.draw_operation(&mut self.random, thread);
        let vanishes = self.random.one_in(8);
        if self.verbose {
            println!("{:>5} client {client} asks {operation}: {draft:?}", self.now);
        }
        self.operations.push(match draft {
            Draft::Transaction(way, parts) => {
                Coordination::Transaction(Transaction::new(operation, thread, vanishes, way, parts))
            }
            Draft::Series(is_here, stages) => {
                let client = (thread, vanishes);
                let series = Series::new(operation, client, self.layout, is_here, stages);
                Coordination::Series(series)
            }
        });
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
        let (mut outbox, mut later) = (Vec::new(), Vec::new());
        for message in batch {
            let mut own = VecDeque::from([(from, message)]);
            let mut handled = 0;
            while let Some((from, message)) = own.pop_front() {
                handled += 1;
                if handled > TURN_MESSAGES_MAX {
                    // Somebody waits for ever.
                    return;
                }
                self.handle(thread, from, message, (&mut outbox, &mut later));
                for (to, message) in outbox.drain(..) {
                    if to == thread {
                        own.push_back((thread, message));
                    } else {
                        self.link(thread, to).push_back(message);
                    }
                }
            }
        }
        self.link(thread, thread).extend(later);
    }

    fn link(&mut self, from: usize, to: usize) -> &mut VecDeque<Message> {
        let link = self.links.iter_mut().find(|link| link.from == from && link.to == to);
        &mut link.expect("every two threads are linked").messages
    }

    fn handle(
        &mut self,
        thread: usize,
        from: usize,
        message: Message,
        (outbox, later): (&mut Vec<(usize, Message)>, &mut Vec<Message>),
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
            later,
        };
        match message {
            Message::Request(request) => self.shards[thread].receive(&mut turn, from, request),
            Message::Answer(operation, answer) => {
                self.operations[operation].receive(&mut turn, answer);
            }
        }
    }
}
