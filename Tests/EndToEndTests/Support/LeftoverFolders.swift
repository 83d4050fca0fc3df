import Foundation
import Glibc
import Synchronization

/// Folders that are used up to the end of the test process.
enum LeftoverFolders {
    private static let paths = Mutex<[String]>([])

    static func removeAtExit(_ path: String) {
        let isFirst = paths.withLock { paths in
            paths.append(path)
            return paths.count == 1
        }
        guard isFirst else { return }
        atexit {
            for path in LeftoverFolders.paths.withLock({ $0 }) {
                try? FileManager.default.removeItem(atPath: path)
            }
        }
    }
}
