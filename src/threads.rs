//! Threads that step back: what people wait for goes before what a flood asks for, without a core standing idle.

use std::num::NonZero;

/// How many threads may do what is asked for in floods: half of the cores, so that the others are there at once for
/// whatever people wait for.
pub fn behind() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get).div_ceil(2)
}

/// How far they step back (nice): of a core that is fought for they keep a tenth.
#[cfg(target_os = "linux")]
const STEP: i32 = 10;
/// Their turn on a core: whoever wakes up meanwhile waits no longer than that. The shortest that Linux takes; left to
/// itself it gives them some three milliseconds, which is as long as a page takes. Older than 6.12 it ignores this.
#[cfg(target_os = "linux")]
const TURN_NANOSECONDS: u64 = 100_000;

/// Lets this thread step back for all others. Refused, it stays as it was.
#[cfg(target_os = "linux")]
pub fn step_back() {
    let attributes = libc::sched_attr {
        size: size_of::<libc::sched_attr>() as u32,
        sched_policy: libc::SCHED_OTHER as u32,
        sched_flags: 0,
        sched_nice: STEP,
        sched_priority: 0,
        sched_runtime: TURN_NANOSECONDS,
        sched_deadline: 0,
        sched_period: 0,
    };
    // SAFETY: the structure lives through the call and says its own size; 0 is the thread that asks.
    unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
}

#[cfg(not(target_os = "linux"))]
pub fn step_back() {}
