import CZeroMQ
import Glibc

/// A switchboard over libzmq: ROUTER and DEALER sockets on TCP or Unix sockets.
///
/// It waits with `poll(2)` on libzmq's descriptors. `zmq_poll` could not tell that one of many peers of a
/// ROUTER takes messages again: its POLLOUT means that any of them does.
public final class ZeroMQSwitchboard: Switchboard {
    public let limits: TransportLimits
    public let waker: Waker

    private let wakeups: WakePipe
    private var context: Context?
    private var hubs: [HubID: Hub] = [:]
    private var links: [LinkID: Link] = [:]
    /// Connects and disconnects seen while a link was being closed, for the next poll.
    private var stash: [TransportEvent] = []
    private var lastNumber: UInt32 = 0
    private var lastSerial: UInt64 = 0

    /// Sending to one peer may consume libzmq's notice that another takes messages again, so while something
    /// is blocked the wait is cut into pieces of this length.
    private static let blockedWait = Duration.milliseconds(5)

    public init(limits: TransportLimits = TransportLimits()) throws(TransportError) {
        self.limits = limits
        let wakeups = try WakePipe()
        self.wakeups = wakeups
        waker = Waker { wakeups.raise() }
        context = try Context()
    }

    deinit {
        close(flush: .zero)
    }

    public func bind(_ endpoint: String) throws(TransportError) -> (hub: HubID, endpoint: String) {
        let hub = try Hub(HubID(number: nextNumber()), endpoint: endpoint, limits: limits, context: open())
        hubs[hub.id] = hub
        return (hub.id, hub.endpoint)
    }

    public func connect(_ endpoint: String, identity: [UInt8]) throws(TransportError) -> LinkID {
        let id = LinkID(number: nextNumber())
        links[id] = try Link(
            id, endpoint: endpoint, identity: identity, serial: nextSerial(), limits: limits, context: open())
        return id
    }

    public func send(_ frames: [Frame], to remote: Remote) throws(TransportError) {
        _ = try open()
        try limits.check(frames)
        switch remote {
        case .link(let id):
            guard let link = links[id] else { throw .unreachable(remote) }
            try link.send(frames)
        case .peer(let id, let identity):
            guard let hub = hubs[id] else { throw .unreachable(remote) }
            try hub.send(frames, to: identity)
        }
    }

    public func poll(timeout: Duration) throws(TransportError) -> [TransportEvent] {
        _ = try open()
        let deadline = ContinuousClock.now + timeout
        var events = stash
        stash = []
        while true {
            try turn(&events, messagesMax: limits.eventsPerPollMax)
            if !events.isEmpty { return events }
            let left = ContinuousClock.now.duration(to: deadline)
            if left <= .zero { return events }
            try wait(atMost: left)
        }
    }

    public func queuedBytes(to remote: Remote) -> Int {
        switch remote {
        case .link(let id): links[id]?.queuedBytes ?? 0
        case .peer(let id, let identity): hubs[id]?.queuedBytes(to: identity) ?? 0
        }
    }

    public func close(_ link: LinkID, flush: Duration) {
        guard let closing = links[link] else { return }
        let left = pump(atMost: flush) { closing.hasQueued }
        try? closing.linger(milliseconds: left)
        links[link] = nil
    }

    public func close(flush: Duration) {
        guard context != nil else { return }
        let left = pump(atMost: flush) {
            self.links.values.contains(where: \.hasQueued) || self.hubs.values.contains(where: \.isBlocked)
        }
        for link in links.values { try? link.linger(milliseconds: left) }
        for hub in hubs.values { try? hub.linger(milliseconds: left) }
        links = [:]
        hubs = [:]
        context = nil
    }

    private func open() throws(TransportError) -> Context {
        guard let context else { throw .closed }
        return context
    }

    private func nextNumber() -> UInt32 {
        lastNumber += 1
        return lastNumber
    }

    /// Nanoseconds since 1970, made to increase: larger than those of an earlier process of the same
    /// identity.
    private func nextSerial() -> UInt64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let nanoseconds = UInt64(clamping: now.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: now.tv_nsec)
        lastSerial = max(lastSerial + 1, nanoseconds)
        return lastSerial
    }

    private func turn(_ events: inout [TransportEvent], messagesMax: Int) throws(TransportError) {
        if messagesMax > 0, wakeups.take() { events.append(.woken) }
        let share = max(messagesMax.signum(), messagesMax / max(1, hubs.count + links.count))
        for hub in hubs.values { try hub.turn(&events, budget: share) }
        for link in links.values { try link.turn(&events, budget: share, serial: nextSerial) }
    }

    /// Sleeps until some descriptor has news or a timer is due.
    private func wait(atMost longest: Duration) throws(TransportError) {
        var left = longest
        if hubs.values.contains(where: \.isBlocked) || links.values.contains(where: \.isBlocked) {
            left = min(left, Self.blockedWait)
        }
        for timer in links.values.compactMap(\.timer) {
            left = min(left, max(.zero, ContinuousClock.now.duration(to: timer)))
        }
        var descriptors = [pollfd(fd: wakeups.descriptor, events: Int16(POLLIN), revents: 0)]
        for descriptor in hubs.values.flatMap(\.descriptors) + links.values.flatMap(\.descriptors) {
            descriptors.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0))
        }
        // A signal ends the wait early; the caller looks at the clock anyway.
        if Glibc.poll(&descriptors, nfds_t(descriptors.count), left.milliseconds) < 0, errno != EINTR {
            throw .system(operation: "poll", code: errno, detail: String(cString: strerror(errno)))
        }
    }

    /// Goes on sending, but not receiving, while `isPending` holds, for at most `flush`.
    ///
    /// - Returns: the milliseconds left.
    private func pump(atMost flush: Duration, while isPending: () -> Bool) -> Int32 {
        let deadline = ContinuousClock.now + flush
        var left = flush
        while left > .zero, isPending() {
            do {
                try turn(&stash, messagesMax: 0)
                if isPending() { try wait(atMost: min(left, Self.blockedWait)) }
            } catch {
                return 0
            }
            left = ContinuousClock.now.duration(to: deadline)
        }
        return left.milliseconds
    }
}
