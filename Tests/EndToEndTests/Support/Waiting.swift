import Testing

struct NeverHappened: Error, CustomStringConvertible {
    let description: String
}

/// Waits until `condition` holds. Gives up only after minutes, so that a hung program does not hang its
/// tests.
func eventually(
    _ what: @autoclosure () -> String, within patience: Duration = .seconds(300),
    _ condition: () throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + patience
    while try !condition() {
        guard ContinuousClock.now < deadline else {
            throw NeverHappened(description: "waited \(patience) in vain until \(what())")
        }
        try await Task.sleep(for: .milliseconds(10))
    }
}
