/// Ends the wait of one switchboard's ``Switchboard/poll(timeout:)``, from any thread, also before it begins.
/// Harmless once the switchboard is closed.
public struct Waker: Sendable {
    private let action: @Sendable () -> Void

    init(_ action: @escaping @Sendable () -> Void) {
        self.action = action
    }

    public func wake() { action() }
}
