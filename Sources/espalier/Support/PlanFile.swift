import ArgumentParser
import Foundation
import Hypernet

/// A plan on the disk.
enum PlanFile {
    /// More than the plan of any network takes.
    private static let bytesMax = 64 << 20

    static func read(_ path: String) throws -> Plan {
        func problem(_ what: String) -> ValidationError {
            ValidationError("\(path): \(what); a plan is what espalier shrink --json prints")
        }
        guard let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int else {
            throw problem("no such file")
        }
        guard size <= bytesMax else { throw problem("\(size) bytes are too many for a plan") }
        guard let data = FileManager.default.contents(atPath: path) else { throw problem("cannot be read") }
        guard let plan = try? Plan(json: data) else { throw problem("is no plan") }
        return plan
    }
}
