import Foundation

/// A thread that runs one closure. Sockets and compute loops own plain threads; there is no pool to starve.
enum PlainThread {
    static func start(_ body: @escaping @Sendable () -> Void) {
        let thread = Thread(block: body)
        thread.stackSize = 8 << 20
        thread.start()
    }
}
