import Transport

/// Sends messages to remotes as fast as they take them, in order per remote; what does not fit waits here.
struct PeerSender {
    private var waiting: [Remote: [[Frame]]] = [:]

    mutating func send(_ frames: [Frame], to remote: Remote, _ switchboard: any Switchboard)
        throws(TransportError)
    {
        waiting[remote, default: []].append(frames)
        try flush(remote, switchboard)
    }

    mutating func flush(_ switchboard: any Switchboard) throws(TransportError) {
        for remote in waiting.keys { try flush(remote, switchboard) }
    }

    private mutating func flush(_ remote: Remote, _ switchboard: any Switchboard) throws(TransportError) {
        guard var queue = waiting.removeValue(forKey: remote) else { return }
        var sent = 0
        defer {
            queue.removeFirst(sent)
            if !queue.isEmpty { waiting[remote] = queue }
        }
        while sent < queue.count {
            do {
                try switchboard.send(queue[sent], to: remote)
                sent += 1
            } catch .congested {
                return
            }
        }
    }

    mutating func drop() {
        waiting = [:]
    }
}
