import Digest
import Foundation
import NeuralNet

extension Model {
    /// SHA-256 over weights, momentum and exponents: equal on all replicas after the same step.
    func digest(_ codes: FixedPointState) -> String {
        var hash = SHA256()
        hash.update(UnsafeRawBufferPointer(start: state, count: layout.count * 4))
        hash.update(UnsafeRawBufferPointer(start: momentum, count: layout.parameterCount * 4))
        hash.update(codes.json)
        return hash.finish()
    }
}

extension FixedPointState {
    /// The same text for the same state.
    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        // Encoding whole numbers cannot fail.
        guard let data = try? encoder.encode(self) else {
            preconditionFailure("exponents could not be encoded")
        }
        return String(decoding: data, as: UTF8.self)
    }

    init(json: String) throws {
        self = try JSONDecoder().decode(FixedPointState.self, from: Data(json.utf8))
    }
}
