import Glibc

/// A thread's stopwatch: each lap's time goes to one kind of pass, so nothing between the first and the last
/// lap is left out. A lap costs one look at the clock, some 30 ns.
final class PassTimer {
    private(set) var times = PassTimes()
    private var last: UInt64 = 0

    func start() {
        last = Self.now
    }

    func lap(_ kind: PassKind) {
        let now = Self.now
        // The clock never goes back, but two processors' readings are only as equal as the system keeps them.
        times.add(now > last ? now - last : 0, to: kind)
        last = now
    }

    func reset() {
        times = PassTimes()
    }

    private static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
