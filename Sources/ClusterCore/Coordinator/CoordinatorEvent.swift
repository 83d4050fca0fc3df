/// What the coordinator's driver tells its machine.
public enum CoordinatorEvent: Sendable {
    /// A control message; `sender` is the socket identity, the worker's incarnation.
    case message(ControlMessage, sender: [UInt8])
    /// The driver has stored the plan durably.
    case planDecided(json: String)
    /// The latent vectors say that it is too early for a plan.
    case searchGoesOn
    /// A checkpoint of this step is on disk and has been read back.
    case checkpointWritten(step: Int)
    /// The run is back at this state; nil: at the seed's.
    case rewound(CoordinatorMachine.Resume?)
    /// Something that the run cannot go on after.
    case failed(reason: String)
    /// A local worker's process has ended.
    case workerExited(process: UInt32, how: String)
    /// The connection of the worker of this incarnation broke.
    case workerDisconnected(incarnation: [UInt8])
    /// The user, or the machine's scheduler, wants the run to stop with a checkpoint.
    case stopRequested(reason: String)
    /// Time has passed; given at least once a heartbeat interval.
    case tick
}
