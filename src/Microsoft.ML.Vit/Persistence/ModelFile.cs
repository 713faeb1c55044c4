using Microsoft.ML.Vit.Model;
namespace Microsoft.ML.Vit.Persistence;
internal static class ModelFile { public static void Save(ModelSaveContext c, ModelDescription d, VisionTransformer n) {} public static (ModelDescription Description, VisionTransformer Network) Load(ModelLoadContext context) => throw new NotImplementedException(); }
