import NeuralNet

/// Features within a run's network that are to become a teacher's.
struct FeatureTap: Equatable, Sendable {
    /// Nodes of the two networks, by name.
    let student: String
    let teacher: String
    /// Of the teacher's node.
    let channels: Int

    /// What the two networks' classifiers take the mean of.
    /// - Throws: ``TeacherError`` where a network has no such features, or they differ in size.
    init(student: Graph, teacher: Graph, path: String) throws(TeacherError) {
        guard let own = student.classifiedFeatures else {
            throw .noFeatures(path, network: student.name)
        }
        guard let other = teacher.classifiedFeatures else {
            throw .noFeatures(path, network: teacher.name)
        }
        let (shape, wanted) = (student.shapes[own], teacher.shapes[other])
        guard (shape.height, shape.width) == (wanted.height, wanted.width) else {
            throw .otherFeatures(
                path, size: [wanted.height, wanted.width], wanted: [shape.height, shape.width])
        }
        self.student = student.nodes[own].name
        self.teacher = teacher.nodes[other].name
        channels = wanted.channels
    }
}

extension Graph {
    /// The node of this name, which must be there.
    func node(named name: String) -> Int {
        guard let index = nodes.firstIndex(where: { $0.name == name }) else {
            preconditionFailure("\(self.name) has no node \(name)")
        }
        return index
    }
}
