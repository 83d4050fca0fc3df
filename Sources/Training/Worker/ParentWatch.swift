import Foundation
import Synchronization

/// Notices that the process that started this one is gone: it holds the other end of standard input.
final class ParentWatch: Sendable {
    private let gone = Atomic<Bool>(false)

    init() {
        PlainThread.start { [weak self] in
            while !FileHandle.standardInput.availableData.isEmpty {}
            self?.gone.store(true, ordering: .releasing)
        }
    }

    var isGone: Bool { gone.load(ordering: .acquiring) }
}
