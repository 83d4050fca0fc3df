import TensorCore

/// Compiles a graph's units into the works of a ``Program``.
struct ProgramBuilder {
    let graph: Graph
    let layout: ParameterLayout
    let units: [Unit]
    let features: [Int]
    let slice: Int
    let precision: ElementType
    /// By node: the buffer of its value, for the last nodes of units; and that of the value converted to the
    /// other element type, if anyone reads that.
    private(set) var values: [Buffer?]
    private(set) var converted: [Buffer?]
    /// By node: the element type of its value and of its gradient, for the last nodes of units.
    private(set) var types: [ElementType]
    /// By node: whether it or anything before it has parameters.
    private(set) var needsGradient: [Bool]
    /// By node: whether its value lasts from the forward to the backward pass, if that reads it.
    private(set) var isKept: [Bool] = []
    /// By node: the buffer of the value that the backward pass computed again.
    var recalled: [Int: Buffer] = [:]
    /// By node: its index in the table of its kind; of a concatenation, that of its first input.
    var layers: [Int]
    /// By node: the workspace of a max pool.
    var workspaces: [Buffer?]
    /// By node: the first tensor of its parameters, and of its running statistics.
    private let firstTensor: [Int: Int]
    private let firstStatistic: [Int: Int]

    init(_ graph: Graph, slice: Int, precision: ElementType, features: [Int], _ options: ProgramOptions) {
        self.graph = graph
        self.features = features
        self.slice = slice
        self.precision = precision
        layout = ParameterLayout(graph)
        units = Unit.all(of: graph, features: features)
        values = Array(repeating: nil, count: graph.nodes.count)
        workspaces = values
        converted = values
        types = Array(repeating: .fp32, count: graph.nodes.count)
        layers = Array(repeating: 0, count: graph.nodes.count)
        needsGradient = Array(repeating: false, count: graph.nodes.count)
        var firstTensor: [Int: Int] = [:]
        var firstStatistic: [Int: Int] = [:]
        for (index, tensor) in layout.tensors.enumerated() {
            if tensor.role == .runningMean { firstStatistic[tensor.node] = index }
            if firstTensor[tensor.node] == nil { firstTensor[tensor.node] = index }
        }
        self.firstTensor = firstTensor
        self.firstStatistic = firstStatistic
        for (index, node) in graph.nodes.enumerated() {
            needsGradient[index] = firstTensor[index] != nil || node.inputs.contains { needsGradient[$0] }
        }
        for unit in units { types[unit.last] = type(of: unit) }
        isKept = kept(options)
    }

    // MARK: Element types

    /// Images come in fp32, and linear layers and global averages yield it; other passes keep the type of
    /// what they read first.
    private func type(of unit: Unit) -> ElementType {
        switch graph.nodes[unit.node].operation {
        case .convolution: precision
        case .input, .linear, .globalAveragePool: .fp32
        case .batchNorm, .activation, .add, .concatenate, .scale, .maxPool, .averagePool:
            types[unit.inputs[0]]
        }
    }

    /// The type in which a unit reads `input`.
    func wanted(of input: Int, by unit: Unit) -> ElementType {
        if case .globalAveragePool = graph.nodes[unit.node].operation { return types[input] }
        return types[unit.last]
    }

    // MARK: Forward

    /// The value of a node in a type; where need be it is converted at the end of the node's stage, before
    /// all works that are added later.
    private mutating func value(
        _ node: Int, as type: ElementType, stage: Int, in program: inout Program
    ) -> Buffer? {
        guard let value = values[node], type != types[node] else { return values[node] }
        if let known = converted[node] { return known }
        let buffer = program.makeBuffer(count(node), type)
        converted[node] = buffer
        program.forward[stage].works.append(.convert(from: value, to: buffer, count: count(node)))
        return buffer
    }

    /// Elements of a node's value for a slice.
    func count(_ node: Int) -> Int { slice * graph.shapes[node].count }

    mutating func buildForward(into program: inout Program) {
        var stageOf = [Int](repeating: 0, count: graph.nodes.count)
        for unit in units {
            var stage = unit.inputs.map { stageOf[$0] }.max() ?? 0
            if unit.isNorm { stage = max(stage, stageOf[unit.inputs[0]] + 1) }
            stageOf[unit.last] = stage
        }
        program.forward = Array(repeating: Program.Stage(), count: (stageOf.max() ?? 0) + 1)
        for unit in units {
            let inputs = unit.inputs.compactMap {
                value($0, as: wanted(of: $0, by: unit), stage: stageOf[$0], in: &program)
            }
            let output = program.makeBuffer(count(unit.last), types[unit.last])
            values[unit.last] = output
            program.forward[stageOf[unit.last]].works += forwardWorks(
                of: unit, inputs, output: output, in: &program)
            for norm in units where norm.isNorm && norm.inputs[0] == unit.last {
                let layer = appendNorm(norm, to: &program)
                program.forward[stageOf[unit.last]].works.append(.normSums(layer: layer, input: output))
                program.forward[stageOf[unit.last] + 1].norms.append(layer)
            }
        }
        let last = graph.nodes.count - 1
        program.logits = value(last, as: .fp32, stage: stageOf[last], in: &program) ?? 0
        program.features = features.compactMap {
            value($0, as: .fp32, stage: stageOf[$0], in: &program)
        }
    }

    private mutating func forwardWorks(
        of unit: Unit, _ inputs: [Buffer], output: Buffer, in program: inout Program
    ) -> [Work] {
        switch graph.nodes[unit.node].operation {
        case .input:
            return [.load(into: output)]
        case .convolution(let convolution):
            let layer = appendConvolution(convolution, node: unit.node, to: &program)
            return [.convolve(layer: layer, input: inputs[0], output: output)]
        case .linear(let linear):
            let layer = appendLinear(linear, node: unit.node, to: &program)
            return [.multiply(layer: layer, input: inputs[0], output: output)]
        case .maxPool(let pool):
            return [
                appendPool(.maximum, pool, node: unit.node, input: inputs[0], output: output, to: &program)
            ]
        case .averagePool(let pool):
            return [
                appendPool(.average, pool, node: unit.node, input: inputs[0], output: output, to: &program)
            ]
        case .globalAveragePool:
            let shape = graph.shapes[graph.nodes[unit.node].inputs[0]]
            layers[unit.node] = program.averages.count
            program.averages.append(AverageLayer(pixels: shape.pixels, channels: shape.channels))
            return [.average(layer: layers[unit.node], input: inputs[0], output: output)]
        case .activation(let activation):
            return [.activate(activation, input: inputs[0], output: output, count: count(unit.node))]
        case .add:
            return [.add(first: inputs[0], second: inputs[1], output: output, count: count(unit.node))]
        case .concatenate:
            layers[unit.node] = appendParts(unit.inputs, node: unit.node, to: &program)
        case .scale:
            let shape = graph.shapes[unit.node]
            layers[unit.node] = program.scales.count
            program.scales.append(ScaleLayer(pixels: shape.pixels, channels: shape.channels))
        case .batchNorm:
            break
        }
        return repeatableWorks(of: unit, layer: layers[unit.node], inputs, output: output)
    }

    private mutating func appendConvolution(
        _ convolution: Convolution, node: Int, to program: inout Program
    ) -> Int {
        let source = graph.nodes[node].inputs[0]
        let input = graph.shapes[source]
        let weight = firstTensor[node] ?? 0
        layers[node] = program.convolutions.count
        program.convolutions.append(
            ConvolutionLayer(
                geometry: ConvolutionGeometry(
                    images: slice, inChannels: input.channels, inHeight: input.height, inWidth: input.width,
                    outChannels: convolution.outChannels, kernel: convolution.kernel,
                    stride: convolution.stride,
                    padding: convolution.padding, groups: convolution.groups),
                weight: weight, bias: convolution.hasBias ? weight + 1 : nil,
                needsInputGradient: needsGradient[source]))
        return layers[node]
    }

    private mutating func appendLinear(_ linear: Linear, node: Int, to program: inout Program) -> Int {
        let input = graph.shapes[graph.nodes[node].inputs[0]]
        let weight = firstTensor[node] ?? 0
        layers[node] = program.linears.count
        program.linears.append(
            LinearLayer(
                pixels: input.pixels, channels: input.channels, outFeatures: linear.outFeatures,
                weight: weight,
                bias: weight + 1))
        return layers[node]
    }

    private mutating func appendPool(
        _ kind: PoolGeometry.Kind, _ pool: Pool, node: Int, input: Buffer, output: Buffer,
        to program: inout Program
    ) -> Work {
        let shape = graph.shapes[graph.nodes[node].inputs[0]]
        layers[node] = program.pools.count
        let geometry = PoolGeometry(
            kind, images: slice, channels: shape.channels, inHeight: shape.height, inWidth: shape.width,
            kernel: pool.kernel, stride: pool.stride, padding: pool.padding)
        program.pools.append((geometry, types[node]))
        if kind == .maximum {
            workspaces[node] = program.makeBuffer(geometry.workspaceByteCountMax / 4 + 1, .fp32)
        }
        return .pool(layer: layers[node], input: input, output: output, workspace: workspaces[node])
    }

    /// What `node`, a concatenation, is made of; returns the index of the first part.
    func appendParts(_ sources: [Int], node: Int, to program: inout Program) -> Int {
        var first = 0
        for source in sources {
            let shape = graph.shapes[source]
            program.parts.append(
                ChannelPart(
                    rows: slice * shape.pixels, channels: shape.channels, first: first,
                    width: graph.shapes[node].channels))
            first += shape.channels
        }
        return program.parts.count - sources.count
    }

    private mutating func appendNorm(_ unit: Unit, to program: inout Program) -> Int {
        guard case .batchNorm(let norm) = graph.nodes[unit.node].operation else { return 0 }
        let shape = graph.shapes[unit.node]
        let scale = firstTensor[unit.node] ?? 0
        let mean = firstStatistic[unit.node] ?? 0
        layers[unit.node] = program.norms.count
        program.norms.append(
            NormLayer(
                channels: shape.channels, rows: slice * shape.pixels, epsilon: norm.epsilon, scale: scale,
                shift: scale + 1, runningMean: mean, runningVariance: mean + 1,
                channelOffset: program.normChannels, activation: unit.activation,
                hasResidual: unit.residual != nil))
        program.normChannels += shape.channels
        return layers[unit.node]
    }
}
