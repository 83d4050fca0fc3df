import Digest
import Foundation
import NeuralNet

/// SHA-256 over weights, moments and exponents: equal on all replicas after the same step.
enum StateDigest {
    static func text(
        state: UnsafeBufferPointer<Float>, moments: UnsafeBufferPointer<Float>, exponents: String
    ) -> String {
        var hash = SHA256()
        hash.update(UnsafeRawBufferPointer(state))
        hash.update(UnsafeRawBufferPointer(moments))
        hash.update(exponents)
        return hash.finish()
    }
}

extension Model {
    func digest(_ codes: FixedPointState) -> String {
        StateDigest.text(
            state: UnsafeBufferPointer(start: state, count: layout.count),
            moments: UnsafeBufferPointer(start: moments, count: layout.momentCount),
            exponents: codes.json)
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
