/// What a worker's driver tells its machine.
public enum WorkerEvent: Sendable {
    /// The sockets are open.
    case started(WireHello)
    case message(ControlMessage)
    /// The replica is built and holds the state of this step.
    case prepared(WireReady)
    case computed(WireComputed)
    /// Every part of this attempt has arrived.
    case gathered(step: Int, attempt: UInt32)
    case applied(WireStepDone)
    case evaluated(WireEvaluated)
    case weighed(WireImportance)
    case reshaped(WireReshaped)
    case digested(WireStateDigest)
    /// The connection to another worker broke: messages may be lost.
    case peerLost(UInt32)
    /// The connection to the coordinator broke.
    case coordinatorLost
    /// Something that the worker cannot go on after.
    case failed(reason: String)
    /// SIGTERM or SIGINT.
    case leaveRequested(reason: String)
    /// Time has passed; given at least once a heartbeat interval.
    case tick
}
