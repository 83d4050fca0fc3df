/// Whether blocks are coded before they are sent. The sums are the same.
public enum WireCoding: String, CaseIterable, Sendable {
    /// Unless the receiver is on this machine, where bytes cost less than coding.
    case auto
    case on
    case off
}
