import Foundation

/// Errors and asides go to standard error, so that standard output holds results alone.
enum Say {
    static func error(_ line: String) {
        FileHandle.standardError.write(Data("espalier: \(line)\n".utf8))
    }
}
