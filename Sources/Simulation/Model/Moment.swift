/// Moments of a run that faults are aimed at.
package enum Moment: String, CaseIterable, Sendable {
    case stepApplied
    case attemptRaised
    case planWanted
    case planDecided
    case reshaped
    case checkpointOpened
    case checkpointChunk
    case checkpointWritten
    case feedStarted
    case stateLoaded
    case historyApplied
    case suspended
    case served
    case rewound
}
