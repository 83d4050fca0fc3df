import ClusterCore
import Transport

/// Messages of one worker on their way out, no faster than its link takes them.
struct PacedOutbox {
    /// What may go out at once after a pause.
    private static let burst = 64.0 * 1024

    private var waiting: [(frames: [Frame], link: LinkID)] = []
    private var next = 0
    private let rate: Double?
    private var allowance = PacedOutbox.burst
    private var last = ContinuousClock.now

    /// - Parameter rate: bytes a second; nil: no limit.
    init(rate: Double?) {
        self.rate = rate
    }

    var isEmpty: Bool { next == waiting.count }

    mutating func add(_ frames: [Frame], to link: LinkID) {
        waiting.append((frames, link))
    }

    /// Sends what may go now.
    mutating func flush(_ switchboard: any Switchboard) throws(TransportError) {
        if let rate {
            let now = ContinuousClock.now
            allowance = min(Self.burst, allowance + rate * last.duration(to: now).seconds)
            last = now
        }
        while !isEmpty, rate == nil || allowance > 0 {
            let message = waiting[next]
            do {
                try switchboard.send(message.frames, to: .link(message.link))
            } catch .congested {
                return
            }
            allowance -= Double(message.frames.reduce(0) { $0 + $1.count })
            next += 1
        }
        if isEmpty { (waiting, next) = ([], 0) }
    }
}
