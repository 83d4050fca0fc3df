/// What a worker's driver tells its machine.
public enum WorkerEvent: Sendable {
    /// The sockets are open.
    case started(WireHello)
    case message(ControlMessage)
    /// The data is open; or the replica holds a state.
    case prepared(WireReady)
    /// Some shards are computed: usually one.
    case computed(WireComputed)
    case yielded(step: Int, attempt: UInt32, shards: [Int])
    /// Every part of this attempt has arrived.
    case gathered(step: Int, attempt: UInt32)
    case applied(WireStepDone)
    case evaluated(WireEvaluated)
    case weighed(WireImportance)
    case reshaped(WireReshaped)
    case digested(WireStateDigest)
    /// What the replica holds; nil: there is none.
    case held(WireHeld?)
    case feedEnded(WireFeedEnded)
    /// The connection to another worker came up.
    case peerConnected(UInt32)
    /// The connection to another worker broke: messages may be lost.
    case peerDisconnected(UInt32)
    /// A message of another worker came damaged, so it counts as lost.
    case peerDamaged(UInt32)
    /// The connection to the coordinator broke.
    case coordinatorLost
    /// The connection to the coordinator is there (again).
    case coordinatorConnected
    /// Something that the worker cannot go on after.
    case failed(reason: String, everywhere: Bool)
    /// SIGTERM or SIGINT.
    case leaveRequested(reason: String)
    /// Time has passed; given at least once a heartbeat interval.
    case tick
}
