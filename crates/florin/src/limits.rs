//! Every bound of the server, by name and with its unit. Modules that are complete in themselves
//! (the link, the store, the notifier) name their own.

/// Largest request body that any endpoint reads.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Largest file of evidence.
pub const FILE_BYTES_MAX: usize = 10 * 1024 * 1024;

/// Largest body of a call that hands a file in: base64 of it, lines broken, and what is said
/// about it.
pub const UPLOAD_BODY_BYTES_MAX: usize = FILE_BYTES_MAX / 3 * 4 + 512 * 1024;

/// How long such a body may take to arrive.
pub const UPLOAD_WAIT_MS: u64 = 60_000;

/// Uploads that are under way at once in this process, for each is in memory more than once.
pub const UPLOADS_MAX: usize = 4;

/// How long a create call waits for the outcome. Shops give up after 30 s, so it answers well
/// before that with the order as it then stands, and the work goes on.
pub const CREATE_WAIT_MS: u64 = 20_000;

/// How long the payer's browser is kept waiting for an outcome that is on its way.
pub const PAYER_WAIT_MS: u64 = 25_000;

/// A browser that came back without the result message of the directory server waits this long
/// for it (EMV 3DS: the result is the RReq, the CRes only says that the browser is back).
pub const RESULT_WAIT_MS: u64 = 5_000;

/// How often a waiting page looks at the store again.
pub const PAYER_POLL_MS: u64 = 60;

/// Time that a payer has from the creation of a direct order.
pub const PAYMENT_EXPIRES_MS: i64 = 60 * 60 * 1000;

/// Beyond the link's own time-out for an answer, before another worker concludes that the
/// process which sent the request is gone.
pub const GUARD_MARGIN_MS: i64 = 15_000;

/// How long a worker may be busy with one claimed row.
pub const LEASE_MS: i64 = 45_000;

/// How long a request with an idempotency key is its process's alone: longer than any call takes.
pub const REQUEST_LEASE_MS: i64 = 60_000;

/// How long the answer to a request with an idempotency key is kept.
pub const ANSWERS_KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// How often what is too old is looked for.
pub const HOUSEKEEPING_PAUSE_MS: u64 = 60_000;

/// How long after midnight a day's journal is sealed: longer than any commit takes, and than the
/// clocks of several processes differ.
pub const SEAL_DELAY_MS: i64 = 60 * 60 * 1000;

/// Steps of one such look, of a thousand rows each: more than a busy minute brings.
pub const HOUSEKEEPING_ROUNDS_MAX: u32 = 300;

/// How long a provider of another method is left alone that did not answer.
pub const PROVIDER_PAUSE_MS: i64 = 60_000;

/// A timer that has gone off before its time, by the clock of the site as it is known here, goes off
/// again after this time.
pub const EARLY_TIMER_PAUSE_MS: i64 = 1000;

/// How long a refund waits that could not leave because the link was down.
pub const REFUND_PAUSE_MS: i64 = 15_000;

/// Rows that a worker claims at once.
pub const CLAIM_ROWS_MAX: u32 = 64;

/// Deliveries to shops under way at once in this process.
pub const DELIVERIES_MAX: usize = 256;

/// Owed messages under way at once in this process.
pub const ADVICES_MAX: usize = 512;

/// Workers look for due rows at least this often, whether or not they were told of any.
pub const WORKER_PAUSE_MS: u64 = 500;

/// How often a decision is made again after somebody else moved the order.
pub const CONFLICT_ROUNDS_MAX: u32 = 16;

/// How often the outcome of an authorization is offered to a store that cannot take it, before
/// it is left to the guard (see `gateway::owed`).
pub const OUTCOME_ROUNDS_MAX: u32 = 5;

/// After a change has failed, how often it is tried whether the store takes changes again.
pub const WRITING_TRIAL_PAUSE_MS: u64 = 500;

/// How long a refund waits for the capture before it, before it looks again.
pub const TURN_PAUSE_MS: i64 = 250;

/// How often a notification looks whether the older one before it has been delivered.
pub const TURN_POLL_MS: u64 = 50;

/// What of a lease has to be left for a delivery, which takes 20 s at most, and its record.
pub const DELIVERY_LEASE_MS: i64 = 25_000;

/// How often sites and keys are compared with the store.
pub const DIRECTORY_POLL_MS: u64 = 1_000;

/// How often attempts that are no longer counted are looked for.
pub const ATTEMPTS_PRUNE_PAUSE_MS: u64 = 5_000;

/// Pause between two steps while there are more of them than one step deletes.
pub const ATTEMPTS_PRUNE_STEP_MS: u64 = 50;

/// Creates that are under way at once in this process; one more is told to come back.
pub const CREATES_MAX: usize = 2_048;

/// Browsers and programs that follow what happens, in this process; one more is told to come back.
pub const LISTENERS_MAX: usize = 64;

/// Events that wait for one who follows and does not read.
pub const STREAM_EVENTS_MAX: usize = 64;

/// How often somebody who follows is told that nothing has happened, so that both sides notice when
/// the other is gone.
pub const STREAM_BEAT_MS: u64 = 10_000;

/// How long one stream lasts; whoever follows comes back.
pub const STREAM_LASTS_MS: u64 = 60 * 60 * 1000;

/// Calls of the API that a process remembers.
pub const LOGGED_CALLS_MAX: usize = 1_000;

/// What these may take of its memory, about.
pub const LOGGED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Longest body that is shown of a call.
pub const LOGGED_BODY_BYTES_MAX: usize = 16 * 1024;

/// Calls in a second whose bodies are kept; of more there is only what they were.
pub const LOGGED_BODIES_PER_SECOND_MAX: u64 = 40;

/// What shops of test sites were told that a process remembers for those who listen.
pub const TOLD_MAX: usize = 1_000;

/// What that may take of its memory, about.
pub const TOLD_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Orders that are looked at for what a listener has missed.
pub const MISSED_ORDERS_MAX: u32 = 200;

/// Notifications that a listener is sent afterwards; older ones are named.
pub const MISSED_SENT_MAX: usize = 100;

/// Notifications that are named at most.
pub const MISSED_LISTED_MAX: usize = 400;

/// How often a listener is told what other processes have sent.
pub const LISTEN_POLL_MS: u64 = 2_000;

/// Letters of a sandbox's name.
pub const SANDBOX_NAME_CHARS_MAX: usize = 40;

/// How long a site lasts that ends by itself, in seconds: at least, at most, and where nobody says.
pub const SANDBOX_TTL_MIN_S: i64 = 60;
pub const SANDBOX_TTL_MAX_S: i64 = 7 * 24 * 60 * 60;
pub const SANDBOX_TTL_DEFAULT_S: i64 = 60 * 60;

/// Sites that end by themselves, at once in a store, those included that are being erased.
pub const TEMPORARY_SITES_MAX: usize = 200;

/// How long after its end a site is erased: longer than any call and any message to the host takes.
pub const SITE_ENDS_AFTER_MS: i64 = 3 * 60 * 1000;

/// Such sites that are erased in one round; each in small steps.
pub const ENDED_SITES_PER_ROUND_MAX: usize = 50;

/// How often the workbench looks at a site that somebody watches.
pub const WORKBENCH_LOOK_MS: u64 = 700;

/// Orders of a site that the workbench shows.
pub const WORKBENCH_ORDERS_MAX: u32 = 12;

/// Mails under way at once in this process; one more waits for another round.
pub const MAILS_MAX: usize = 64;

/// How long a mail waits for its turn when there are so many.
pub const MAIL_CROWDED_PAUSE_MS: i64 = 10_000;

/// What of a lease has to be left for a mail, which takes 20 s at most, and its record.
pub const MAIL_LEASE_MS: i64 = 25_000;

/// How long a mail waits after each attempt that failed; after the last it is given up.
pub const MAIL_PAUSES_MS: [i64; 7] =
    [60_000, 300_000, 900_000, 3_600_000, 10_800_000, 28_800_000, 57_600_000];

/// How long after the opening of a session its payer is reminded first, and then once more
/// (merchant-side.md 6.1 of the contract).
pub const SECOND_CHANCE_AFTER_MS: [i64; 2] = [60 * 60 * 1000, 24 * 60 * 60 * 1000];

/// Who has tried to pay another order of the site so short a time ago is not reminded.
pub const SECOND_CHANCE_OTHERS_MS: i64 = 120 * 60 * 1000;

/// How long a reminder waits while a payment is on its way to the host.
pub const SECOND_CHANCE_PAUSE_MS: i64 = 15_000;

/// How long a reminder waits in a process that has yet to hear of a site's moved clock.
pub const SECOND_CHANCE_EARLY_PAUSE_MS: i64 = 1_000;

/// Mails in the mailbox of a test site; older ones leave.
pub const MAILBOX_MAILS_MAX: u32 = 200;

/// How long is kept what became of a mail.
pub const MAILS_KEPT_MS: i64 = 90 * 24 * 60 * 60 * 1000;

const _: () = assert!(MAIL_LEASE_MS < LEASE_MS);
const _: () = assert!(CREATE_WAIT_MS < 30_000 && PAYER_WAIT_MS < 30_000);
const _: () = assert!(DELIVERY_LEASE_MS < LEASE_MS);
