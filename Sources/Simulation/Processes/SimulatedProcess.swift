import Training
import Transport

/// A process of a simulated cluster: it gets a turn a moment after something has happened to it, and every
/// now and then.
class SimulatedProcess {
    /// The longest time without a turn.
    static let tickNanoseconds: Int64 = 100_000_000

    let name: String
    let witness: Witness
    let board: VirtualSwitchboard
    private(set) var isAlive = true
    private var turnIsDue = false
    private var turns: UInt64 = 0

    init(_ witness: Witness, _ board: VirtualSwitchboard) {
        self.witness = witness
        self.board = board
        name = board.name
        board.onActivity = { [weak self] in self?.wake() }
        tick()
    }

    /// As by SIGSTOP.
    var isStopped = false {
        didSet {
            board.isStopped = isStopped
            if !isStopped { wake() }
        }
    }

    /// The node's turn.
    func turn() throws {}

    /// Called after each turn.
    func afterTurn() {}

    private func tick() {
        witness.time.schedule(after: Self.tickNanoseconds) { [weak self] in
            guard let self, isAlive else { return }
            wake()
            tick()
        }
    }

    func wake() {
        guard isAlive, !isStopped, !turnIsDue else { return }
        turnIsDue = true
        turns += 1
        // Up to 100 µs until the system lets it run.
        let delay = SeededRandom.mix(witness.training.seed ^ turns << 8 ^ UInt64(name.utf8.last ?? 0))
        witness.time.schedule(after: Int64(delay % 100_000)) { [weak self] in
            guard let self else { return }
            turnIsDue = false
            guard isAlive, !isStopped else { return }
            do {
                try turn()
                afterTurn()
            } catch {
                witness.violate("\(name) stopped with an error: \(error)")
            }
        }
    }

    /// As `kill -9`.
    func kill() {
        guard isAlive else { return }
        end()
        board.network.crash(board)
    }

    /// Its own end: what it has sent arrives.
    func exit() {
        guard isAlive else { return }
        end()
        board.close(flush: .seconds(1))
    }

    func end() {
        isAlive = false
        board.onActivity = {}
    }
}
