using System;
using System.Collections.Generic;
using System.IO;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using Mono.Cecil;

/// <summary>
/// A build task (run by Publicize.targets, not part of the library): copies an assembly with every type and member made
/// visible, for the compiler's eyes only.
/// </summary>
public sealed class PublicizeAssembly : Task
{
    /// <summary>The assembly as restored.</summary>
    [Required]
    public string Source { get; set; }

    /// <summary>The assemblies it refers to: writing constants of enumerations needs their declarations.</summary>
    [Required]
    public string[] References { get; set; }

    /// <summary>Where the copy goes.</summary>
    [Required]
    public string Target { get; set; }

    public override bool Execute()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Target));
        using (var resolver = new DefaultAssemblyResolver())
        {
            foreach (string folder in new HashSet<string>(Array.ConvertAll(References, Path.GetDirectoryName)))
            {
                resolver.AddSearchDirectory(folder);
            }
            using ModuleDefinition module = ModuleDefinition.ReadModule(Source, new ReaderParameters { AssemblyResolver = resolver });
            foreach (TypeDefinition type in module.GetTypes())
            {
                Publicize(type);
            }
            string temporary = Target + "." + Guid.NewGuid().ToString("N");
            module.Write(temporary);
            File.Delete(Target);
            File.Move(temporary, Target);
        }
        return true;
    }

    private static void Publicize(TypeDefinition type)
    {
        if (type.IsNested)
        {
            type.IsNestedPublic = true;
        }
        else
        {
            type.IsPublic = true;
        }
        foreach (MethodDefinition method in type.Methods)
        {
            // An override must repeat the visibility of what it overrides, so members meant for heirs stay protected.
            if (method.IsFamilyAndAssembly || method.IsFamilyOrAssembly)
            {
                method.IsFamily = true;
            }
            else if (!method.IsFamily && !IsExplicitImplementation(method))
            {
                method.IsPublic = true;
            }
        }
        // A field-like event's backing field has the event's name: made visible, the two would be ambiguous.
        var events = new HashSet<string>();
        foreach (EventDefinition definition in type.Events)
        {
            events.Add(definition.Name);
        }
        foreach (FieldDefinition field in type.Fields)
        {
            if (!events.Contains(field.Name))
            {
                field.IsPublic = true;
            }
        }
    }

    private static bool IsExplicitImplementation(MethodDefinition method)
    {
        return method.IsPrivate && method.IsVirtual;
    }
}
