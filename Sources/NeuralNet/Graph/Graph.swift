/// A network as data: nodes in topological order, the input first, the logits last.
///
/// Everything else (shapes, parameters, counts, latent wiring, surgery, the executor's schedule) is derived
/// from it.
public struct Graph: Equatable, Sendable {
    public struct Node: Equatable, Sendable {
        /// Unique within the graph; parameters are called `name.weight` and so on, as in PyTorch.
        public let name: String
        public let operation: Operation
        /// Indices of earlier nodes.
        public let inputs: [Int]
        /// Activations that are one module used several times share a module name: the published count has
        /// each module once. Nil: the node is its own module.
        public let module: String?
    }

    public let name: String
    public private(set) var nodes: [Node]
    /// `shapes[i]` is the output of node `i`.
    public private(set) var shapes: [ImageShape]

    public init(name: String, channels: Int, height: Int, width: Int) {
        self.name = name
        nodes = [
            Node(
                name: "input", operation: .input(channels: channels, height: height, width: width),
                inputs: [],
                module: nil)
        ]
        shapes = [ImageShape(channels: channels, height: height, width: width)]
    }

    /// Appends a node and returns its index. A node that does not fit its inputs is a bug in whoever builds
    /// the graph.
    @discardableResult
    public mutating func add(_ name: String, _ operation: Operation, _ inputs: Int..., module: String? = nil)
        -> Int
    {
        add(name, operation, inputs: inputs, module: module)
    }

    @discardableResult
    public mutating func add(_ name: String, _ operation: Operation, inputs: [Int], module: String? = nil)
        -> Int
    {
        precondition(
            inputs.allSatisfy { nodes.indices.contains($0) }, "\(name): inputs \(inputs) not in the graph")
        precondition(!nodes.contains { $0.name == name }, "\(name): the name is taken")
        let shape = ImageShape.output(of: operation, inputs: inputs.map { shapes[$0] }, name: name)
        nodes.append(Node(name: name, operation: operation, inputs: inputs, module: module))
        shapes.append(shape)
        return nodes.count - 1
    }

    /// The images' shape.
    public var inputShape: ImageShape { shapes[0] }

    /// The number of classes.
    public var outputCount: Int { shapes[shapes.count - 1].count }

    /// `consumers[i]` are the nodes that read node `i`, in order.
    public var consumers: [[Int]] {
        var result = [[Int]](repeating: [], count: nodes.count)
        for (index, node) in nodes.enumerated() {
            for input in node.inputs { result[input].append(index) }
        }
        return result
    }
}
