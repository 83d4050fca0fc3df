import TensorCore
import Testing

/// Pooling against loops over the definition.
@Suite struct PoolTests {
    static let geometries: [PoolGeometry] = [PoolGeometry.Kind.maximum, .average].flatMap { kind in
        [
            PoolGeometry(
                kind, images: 2, channels: 64, inHeight: 12, inWidth: 12, kernel: 3, stride: 2, padding: 1),
            PoolGeometry(
                kind, images: 1, channels: 37, inHeight: 9, inWidth: 7, kernel: 3, stride: 2, padding: 1),
            PoolGeometry(kind, images: 2, channels: 16, inHeight: 8, inWidth: 8, kernel: 2, stride: 2),
            PoolGeometry(
                kind, images: 1, channels: 203, inHeight: 7, inWidth: 7, kernel: 3, stride: 1, padding: 1),
            PoolGeometry(kind, images: 3, channels: 1, inHeight: 5, inWidth: 6, kernel: 2, stride: 1),
            PoolGeometry(kind, images: 1, channels: 7, inHeight: 7, inWidth: 7, kernel: 7, stride: 1),
            PoolGeometry(kind, images: 2, channels: 3, inHeight: 1, inWidth: 1, kernel: 1, stride: 1),
        ]
    }

    @Test(arguments: geometries) func passesAgreeWithLoops(_ geometry: PoolGeometry) throws {
        try Self.check(geometry, .fp32, tolerance: 1e-6)
    }

    /// bf16 is off by up to 2^-9 of the result, which may be several times the root mean square; and oneDNN
    /// adds up in bf16 what an element gets from up to nine windows.
    @Test(.enabled(if: Engine.supports(.bf16)), arguments: geometries)
    func passesAgreeWithLoopsInHalfPrecision(_ geometry: PoolGeometry) throws {
        try Self.check(geometry, .bf16, tolerance: 0.1)
    }

    /// In a process of their own, for a level is set once.
    @Test(
        .enabled(if: Engine.forcedInstructionLevel == nil), .timeLimit(.minutes(10)),
        arguments: ["sse41", "avx2", "avx512_core"])
    func passesAgreeAtEveryLevel(_ level: String) async {
        await #expect(processExitsWith: .success) { [level] in
            guard entersLevel(level) else { return }
            for geometry in PoolTests.geometries { try PoolTests.check(geometry, .fp32, tolerance: 1e-6) }
        }
    }

    private static func check(
        _ geometry: PoolGeometry, _ type: ElementType, tolerance: Double
    ) throws {
        let kernel = try PoolKernel(geometry, elements: type)
        let context = try kernel.makeContext(Scratch())
        // All negative: padding must not win a maximum.
        let inputs = Elements(values(geometry.inputCount, seed: 1).map { $0 - 1.5 }, type)
        let gradients = Elements(values(geometry.outputCount, seed: 2), type)
        let (input, gradient) = (inputs.floats, gradients.floats)
        let workspace = AlignedBuffer<UInt8>(count: kernel.workspaceByteCount)
        let outputs = Elements(unwritten: geometry.outputCount, type)
        context.forward(input: inputs.pointer, output: outputs.pointer, workspace: workspace.pointer)
        let inputGradients = Elements(unwritten: geometry.inputCount, type)
        context.backward(
            outputGradient: gradients.pointer, workspace: workspace.pointer,
            inputGradient: inputGradients.pointer)
        let (output, inputGradient) = reference(geometry, input, gradient)
        #expect(relativeError(outputs.floats, output) < tolerance)
        #expect(relativeError(inputGradients.floats, inputGradient) < tolerance)
        #expect((kernel.workspaceByteCount > 0) == (geometry.kind == .maximum))
    }

    @Test func aWindowThatDoesNotFitIsAnError() {
        let geometry = PoolGeometry(
            .maximum, images: 1, channels: 1, inHeight: 2, inWidth: 2, kernel: 3, stride: 1)
        #expect(throws: EngineError.self) { try PoolKernel(geometry) }
    }

    private static func reference(
        _ g: PoolGeometry, _ input: [Float], _ gradient: [Float]
    ) -> (output: [Double], inputGradient: [Double]) {
        var output = [Double](repeating: 0, count: g.outputCount)
        var inputGradient = [Double](repeating: 0, count: g.inputCount)
        for index in 0..<g.outputCount {
            let (channel, pixel) = (index % g.channels, index / g.channels)
            let (x, y, image) = (
                pixel % g.outWidth, pixel / g.outWidth % g.outHeight, pixel / g.outWidth / g.outHeight
            )
            let window = (0..<g.kernel * g.kernel).compactMap { position -> Int? in
                let row = y * g.stride + position / g.kernel - g.padding
                let column = x * g.stride + position % g.kernel - g.padding
                guard (0..<g.inHeight).contains(row), (0..<g.inWidth).contains(column) else { return nil }
                return ((image * g.inHeight + row) * g.inWidth + column) * g.channels + channel
            }
            switch g.kind {
            case .maximum:
                // The first of equals, as in PyTorch.
                let best = window.reduce(window[0]) { input[$1] > input[$0] ? $1 : $0 }
                output[index] = Double(input[best])
                inputGradient[best] += Double(gradient[index])
            case .average:
                let share = 1 / Double(g.kernel * g.kernel)
                for i in window {
                    output[index] += Double(input[i]) * share
                    inputGradient[i] += Double(gradient[index]) * share
                }
            }
        }
        return (output, inputGradient)
    }
}
